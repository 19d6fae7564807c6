// The master's part of --reload: what is watched, and what a change means.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "workers/master/master.h"

namespace prefork::master {

namespace {

WatchedFiles files_of(const config::Options& options) {
  WatchedFiles files;
  if (options.target.kind == config::ServeTarget::Kind::application) {
    files.application = options.target.path;
  }
  files.folders = options.development.reload_dirs;
  for (const std::string& log : {options.logging.file, options.logging.access_log}) {
    std::error_code error;
    const auto path = std::filesystem::absolute(log, error);
    if (!log.empty() && log != "-" && !error) {
      files.own.push_back(path.lexically_normal().string());
    }
  }
  return files;
}

}  // namespace

// Throws std::system_error.
void Master::watch_files(const config::Options& options) {
  if (!options.development.reload) {
    watch_.reset();
    return;
  }
  WatchedFiles files = files_of(options);
  if (watch_ && watch_->files() == files) {
    return;
  }
  watch_.emplace(std::move(files), supervision::Clock::now());
}

void Master::follow_files() {
  if (!watch_) {
    return;
  }
  if (supervisor_->stopping()) {
    watch_.reset();
    return;
  }
  const FileNews news = watch_->drain(supervision::Clock::now());
  for (const std::string& remark : news.remarks) {
    log_.warning(remark);
  }
  if (!news.changed.empty()) {
    reload("reload: " + news.changed + " changed");
  }
}

}  // namespace prefork::master
