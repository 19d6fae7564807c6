// The log of a process: one line per event, each written by a single write() to a descriptor opened
// with O_APPEND, so that lines of different processes never mix. Synchronous, without threads, and
// therefore safe before and after fork; a child inherits its parent's log and gives itself a name.
// Lines may come from any thread; all else is for the process's main thread.
//
//   2026-11-21 06:08:00.123 info  master[411]: ready: 4 workers in 31 ms
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::child {

class Log {
 public:
  // Writes to standard error, from level info on, until opened otherwise.
  Log();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `path` empty: standard error. When the file cannot be opened, what was in use stays in use.
  config::Result<void> open(const std::string& path, config::LogLevel level);

  // Opens the same path anew (after logrotate).
  config::Result<void> reopen();

  // The name in front of each line: "master", "worker 2". The pid is added.
  void set_name(std::string_view name);

  // -1 while it is standard error.
  [[nodiscard]] int fd() const;
  [[nodiscard]] bool is_standard_error() const { return fd() < 0; }

  void write(config::LogLevel level, std::string_view line);
  void debug(std::string_view line) { write(config::LogLevel::debug, line); }
  void info(std::string_view line) { write(config::LogLevel::info, line); }
  void warning(std::string_view line) { write(config::LogLevel::warning, line); }
  void error(std::string_view line) { write(config::LogLevel::error, line); }
  void critical(std::string_view line) { write(config::LogLevel::critical, line); }

 private:
  class LineSink;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace prefork::child
