// One line for each request whose head was read, when it is over. Off when no path is given. The
// forms of a line are told in access_formatter.h and in the README.
//
//   127.0.0.1 - - [21/Nov/2026:06:08:00 +0000] "GET / HTTP/1.1" 200 13 "-" "curl/8" 184us w2
//
// A thread writes the lines (see LogWriter), within some milliseconds, and at once while there are
// few. Without one the log does so itself: a line at once while there are few; of many they are
// gathered, because a system call for each would cost more than the rest of it.
//
// Nothing ever waits for the log: lines that find no room are lost and counted. All of it is for
// one thread: the event loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/base/result.h"
#include "config/values/log_format.h"
#include "ipc/base/process_id.h"
#include "ipc/log/line_sink.h"
#include "ipc/log/log_rings.h"
#include "ipc/log/log_writer.h"
#include "server/exchange/access_formatter.h"
#include "server/exchange/access_record.h"

namespace prefork::exchange {

class AccessLog {
 public:
  AccessLog() = default;
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // `path`: empty: off; "-": standard output; else a file that is created when missing. `mark`: see
  // AccessFormatter. The problem when it cannot be opened.
  config::Result<void> open(const std::string& path, const config::LogFormat& format,
                            AccessFormatter::Writer writer, std::string_view mark = {});
  // See LineSink. Before it is opened.
  void share_torn_mark(std::atomic<bool>& torn) { torn_ = &torn; }
  // Once it is open: from now on a thread writes, by way of the ring of that place. See LogWriter.
  // Where there is no memory for one or the other the log goes on as before, and tells why.
  config::Result<void> begin_thread(const ipc::LogRings& rings, ipc::Place at);

  // Opens the path anew (after logrotate); keeps the old file when that fails. A thread does it by
  // itself, because a disk may not answer: see take_open_problem().
  config::Result<void> reopen();
  // Why the thread could not; empty: it could, or has not come to it yet.
  std::string take_open_problem();

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
  // Whatever was gathered, as far as there is room. Of a thread: learns what it has lost.
  void flush();

  // At the end: what there is no room for now is lost, or within a second where a thread writes.
  // That leaves the log off.
  void finish();

  // Lines that were lost since the last call.
  std::uint64_t take_lost();
  // What is to be said about lost lines, once there is room again; empty: nothing.
  std::string take_news();

 private:
  [[nodiscard]] std::string open_problem(int error) const;
  void flush_by(std::uint64_t now_ns);
  void lose_gathered();
  void lose(std::uint64_t lines);
  // With a thread.
  void pass_on(const AccessRecord& record);
  void tell_dropped();
  void hear_thread();

  std::string path_;
  std::optional<AccessFormatter> formatter_;
  std::atomic<bool>* torn_ = nullptr;
  std::unique_ptr<ipc::LineSink> sink_;     // null: the thread has it
  std::unique_ptr<ipc::LogWriter> writer_;  // null: there is no thread
  std::string gathered_;                    // whole lines
  std::uint64_t flush_at_ns_ = 0;           // not before
  std::uint64_t lost_ = 0;
  std::uint64_t untold_ = 0;   // of these: not said yet
  std::uint64_t dropped_ = 0;  // of these: not said in this log yet
  int error_ = 0;              // why the last of them were lost
  int direct_left_ = 0;        // lines that may still be written at once
  bool is_stuck_ = false;      // the sink takes nothing, or the ring is full
  bool tells_handler_time_ = false;
  bool tells_receive_delay_ = false;
};

}  // namespace prefork::exchange
