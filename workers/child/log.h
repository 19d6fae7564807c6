// The log of a process: one line per event, so written that lines of different processes never mix
// and that no line ever waits for whoever reads the log: what is not taken is lost and counted, and
// the count is said when there is room again. Synchronous, without threads, and therefore safe
// before and after fork; a child inherits its parent's log and gives itself a name. Lines may come
// from any thread; all else is for the process's main thread.
//
//   2026-11-21T06:08:00.123+00:00 info     master[411]: ready: 4 workers in 31 ms
//
// The time is UTC. Where standard error leads to systemd's journal, a line has a priority in place
// of time and level: <6>master[411]: ready. What would forge a line or command a terminal is
// escaped; see ipc/log/log_text.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::child {

class Log {
 public:
  // Where it writes, for a process that is started anew and goes on there.
  struct Place {
    std::string path;  // empty: standard error
    config::LogLevel level = config::LogLevel::info;
    int file = -1;       // open there; -1: standard error
    int torn_mark = -1;  // shared by all who write there; -1: there is none
  };

  // Writes to standard error, from level info on, until opened otherwise.
  Log();
  // Of another process, whose descriptors these were; takes them over.
  explicit Log(Place place);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `path` empty: standard error. When the file cannot be opened, what was in use stays in use.
  config::Result<void> open(const std::string& path, config::LogLevel level);

  // Opens the same path anew (after logrotate).
  config::Result<void> reopen();

  // The least severity that is written from now on.
  void set_level(config::LogLevel level);

  // The name in front of each line: "master", "worker 2". The pid is added.
  void set_name(std::string_view name);

  [[nodiscard]] Place place() const;
  // -1 when there is none.
  [[nodiscard]] int fd() const;
  [[nodiscard]] bool is_standard_error() const;

  void write(config::LogLevel level, std::string_view line);
  void debug(std::string_view line) { write(config::LogLevel::debug, line); }
  void info(std::string_view line) { write(config::LogLevel::info, line); }
  void warning(std::string_view line) { write(config::LogLevel::warning, line); }
  void error(std::string_view line) { write(config::LogLevel::error, line); }
  void critical(std::string_view line) { write(config::LogLevel::critical, line); }

  // Says how many lines were lost, if any were and there is room now; to be called now and then.
  // Returns how many have been lost since the last call.
  std::uint64_t settle_losses();

 private:
  class Sink;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// For the last line of a process, beside its log. Never waits.
void tell_standard_error(std::string_view line);

}  // namespace prefork::child
