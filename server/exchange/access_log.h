// One line for each request whose head was read, when it is over. Off when no path is given. The
// forms of a line are told in access_formatter.h and in the README.
//
//   127.0.0.1 - - [21/Nov/2026:06:08:00 +0000] "GET / HTTP/1.1" 200 13 "-" "curl/8" 184us w2
//
// A line is written at once while there are few; of many they are gathered for some milliseconds,
// because a system call for each would cost more than the rest of it. Nothing ever waits for the
// log: lines that find no room are lost and counted. One thread: the event loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "config/base/result.h"
#include "config/values/log_format.h"
#include "ipc/log/line_sink.h"
#include "server/exchange/access_formatter.h"
#include "server/exchange/access_record.h"

namespace prefork::exchange {

class AccessLog {
 public:
  AccessLog() = default;
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // `path`: empty: off; "-": standard output; else a file that is created when missing. The
  // problem when it cannot be opened.
  config::Result<void> open(const std::string& path, const config::LogFormat& format,
                            AccessFormatter::Writer writer);
  // See LineSink.
  void share_torn_mark(std::atomic<bool>& torn) { sink_.share_torn_mark(torn); }

  // Opens the path anew (after logrotate); keeps the old file when that fails.
  config::Result<void> reopen();

  [[nodiscard]] bool is_on() const { return formatter_.has_value(); }

  // Whether its lines tell the time that a handler takes.
  [[nodiscard]] bool tells_handler_time() const { return tells_handler_time_; }
  // Whether they tell how long requests lay in the kernel.
  [[nodiscard]] bool tells_receive_delay() const { return tells_receive_delay_; }

  // `now_ns`: CLOCK_MONOTONIC.
  void write(const AccessRecord& record, std::uint64_t now_ns);
  // After a turn of the loop.
  void on_turn_end(std::uint64_t now_ns) {
    if (!gathered_.empty() && now_ns >= flush_at_ns_) {
      flush_by(now_ns);
    }
  }
  // Whatever was gathered, as far as there is room.
  void flush();

  // At the end: what there is no room for now is lost.
  void finish();

  // Lines that were lost since the last call.
  std::uint64_t take_lost();
  // What is to be said about lost lines, once there is room again; empty: nothing.
  std::string take_news();

 private:
  void flush_by(std::uint64_t now_ns);
  void lose_gathered();

  std::string path_;
  std::optional<AccessFormatter> formatter_;
  ipc::LineSink sink_;
  std::string gathered_;           // whole lines
  std::uint64_t flush_at_ns_ = 0;  // not before
  std::uint64_t lost_ = 0;
  std::uint64_t untold_ = 0;  // of these: not said yet
  int error_ = 0;             // why the last of them were lost
  int direct_left_ = 0;       // lines that may still be written at once
  bool is_stuck_ = false;     // the sink takes nothing
  bool tells_handler_time_ = false;
  bool tells_receive_delay_ = false;
};

}  // namespace prefork::exchange
