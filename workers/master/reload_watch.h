// --reload: follows the files that the present configuration names, if it wants that. Master only.
#pragma once

#include <optional>
#include <string>

#include "config/options/options.h"
#include "workers/master/file_watch.h"

namespace prefork::master {

// What the configuration says is to be watched, and what the server writes itself.
WatchedFiles watched_files_of(const config::Options& options);

class ReloadWatch {
 public:
  using TimePoint = FileWatch::TimePoint;

  // Watches what these options name, or nothing. Throws std::system_error; then nothing is watched.
  void follow(const config::Options& options, TimePoint now);
  void stop() { watch_.reset(); }

  // -1: nothing is watched.
  [[nodiscard]] int fd() const { return watch_ ? watch_->fd() : -1; }
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  FileNews drain(TimePoint now);
  // Empty: nothing is watched.
  [[nodiscard]] std::string describe() const { return watch_ ? watch_->describe() : ""; }

 private:
  std::optional<FileWatch> watch_;
};

}  // namespace prefork::master
