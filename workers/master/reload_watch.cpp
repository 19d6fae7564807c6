#include "workers/master/reload_watch.h"

#include <utility>

namespace prefork::master {

WatchedFiles watched_files_of(const config::Options& options) {
  WatchedFiles files;
  if (options.target.kind == config::ServeTarget::Kind::application) {
    files.application = options.target.path;
  }
  files.folders = options.development.reload_dirs;
  for (const std::string& log : {options.logging.file, options.logging.access_log}) {
    if (!log.empty() && log != "-") {
      files.own.push_back(log);
    }
  }
  return files;
}

void ReloadWatch::follow(const config::Options& options, TimePoint now) {
  if (!options.development.reload) {
    watch_.reset();
    return;
  }
  WatchedFiles files = watched_files_of(options);
  if (!watch_ || watch_->files() != files) {
    watch_.emplace(std::move(files), now);
  }
}

std::optional<ReloadWatch::TimePoint> ReloadWatch::deadline() const {
  return watch_ ? std::optional(watch_->deadline()) : std::nullopt;
}

FileNews ReloadWatch::drain(TimePoint now) { return watch_ ? watch_->drain(now) : FileNews{}; }

}  // namespace prefork::master
