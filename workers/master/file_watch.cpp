#include "workers/master/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/base/config_error.h"
#include "workers/master/watched_names.h"

namespace prefork::master {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kGone = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kComplete = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::size_t kMaxRemembered = 4'096;
constexpr std::size_t kMaxRemarks = 8;  // of one drain

// Nobody writes to a link, so it is complete as it is made. Of a file only its first name is.
bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 &&
         (S_ISLNK(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink > 1));
}

std::string working_folder() {
  std::error_code ignored;
  return fs::current_path(ignored).string();
}

}  // namespace

FileWatch::FileWatch(WatchedFiles files, TimePoint now, std::size_t max_folders)
    : files_(std::move(files)),
      max_folders_(max_folders),
      working_folder_(working_folder()),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      now_(now),
      next_look_(now + kLookAgain) {
  if (!inotify_.valid()) {
    throw std::system_error(errno, std::generic_category(),
                            errno == EMFILE ? "--reload: no inotify instance is left; raise "
                                              "fs.inotify.max_user_instances"
                                            : "--reload: inotify_init1");
  }
  // First, so that it has room whatever is below the folders.
  if (!files_.application.empty()) {
    follow_links();
    application_stamp_ = stamp_of(files_.application);
    in_the_making_ = !application_stamp_;
  }
  for (const std::string& folder : files_.folders) {
    add_root(folder, true);
  }
}

FileWatch::TimePoint FileWatch::deadline() const {
  if (changed_.empty() || in_the_making_) {
    return next_look_;
  }
  return std::min({next_look_, last_change_ + kQuietTime, first_change_ + kLongestSeries});
}

FileNews FileWatch::drain(TimePoint now) {
  now_ = now;
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  ssize_t size = 0;
  while ((size = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      // Padded with zero bytes.
      on_event(event, event.len == 0 ? "" : at + sizeof event);
      at += sizeof event + event.len;
    }
  }
  if (now >= next_look_) {
    next_look_ = now + kLookAgain;
    look_again();
  }
  FileNews news;
  if (!changed_.empty() && !in_the_making_ &&
      now >= std::min(last_change_ + kQuietTime, first_change_ + kLongestSeries)) {
    news.changed = take_changes();
  }
  news.remarks = std::exchange(remarks_, {});
  if (news.remarks.size() > kMaxRemarks) {
    news.remarks.resize(kMaxRemarks);
  }
  return news;
}

void FileWatch::on_event(const inotify_event& event, std::string_view name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    on_overflow();
    return;
  }
  const auto found = folders_.find(event.wd);
  if (found == folders_.end()) {
    return;
  }
  if ((event.mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  if (name.empty()) {
    return;
  }
  const std::string path = join_path(found->second.path, name);
  const bool counts = found->second.whole && !is_own(path);
  if ((event.mask & IN_ISDIR) != 0) {
    if (counts && !is_noise_folder(name)) {
      on_folder(event.mask, path);
    }
  } else if (is_application(path)) {
    on_application(event.mask, path);
  } else if (counts && !is_noise_file(name)) {
    on_file(event.mask, path);
  }
}

void FileWatch::on_folder(std::uint32_t mask, const std::string& path) {
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    add_tree(path, true);
  } else if ((mask & IN_MOVED_FROM) != 0) {
    drop_tree(path);
    note(path);
  }
}

void FileWatch::on_application(std::uint32_t mask, const std::string& path) {
  if ((mask & kComplete) != 0 || ((mask & IN_CREATE) != 0 && is_link(path))) {
    check_application();
  } else {
    // Its successor, when it is there, has not been written to its end.
    in_the_making_ = true;
  }
}

void FileWatch::on_file(std::uint32_t mask, const std::string& path) {
  if ((mask & kGone) != 0) {
    stamps_.erase(path);
    if (made_.erase(path) != 0) {
      changed_.erase(path);  // an editor's helper, which came and went
    } else {
      note(path);
    }
  } else if ((mask & IN_CREATE) != 0 && !is_link(path)) {
    if (made_.size() < kMaxRemembered && !changed_.contains(path)) {
      made_.insert(path);
    }
  } else if ((mask & IN_CREATE) != 0 || is_news(path)) {
    note(path);
  }
}

// More happened than the kernel keeps, and nobody knows what.
void FileWatch::on_overflow() {
  for (Root& root : roots_) {
    if (root.whole && root.identity) {
      add_tree(root.path, false);
      note(root.path);
    }
  }
  check_application();
}

void FileWatch::check_application() {
  if (files_.application.empty()) {
    return;
  }
  const auto stamp = stamp_of(files_.application);
  in_the_making_ = !stamp;
  if (!stamp || stamp == application_stamp_) {
    return;
  }
  application_stamp_ = stamp;
  note(files_.application);
  follow_links();
}

// A file that was open for writing may have been left as it was: by a process that ends, say.
bool FileWatch::is_news(const std::string& path) {
  const auto stamp = stamp_of(path);
  if (!stamp) {
    return false;
  }
  if (stamps_.size() >= kMaxRemembered) {
    stamps_.clear();
  }
  const auto [known, is_new] = stamps_.try_emplace(path, *stamp);
  return is_new || std::exchange(known->second, *stamp) != *stamp;
}

void FileWatch::note(const std::string& path) {
  if (changed_.empty()) {
    first_change_ = now_;
  }
  last_change_ = now_;
  if (changed_.size() < kMaxRemembered) {
    changed_.insert(path);
  }
}

std::string FileWatch::take_changes() {
  const bool has_application = changed_.contains(files_.application);
  std::string text = shown(has_application ? files_.application : *changed_.begin());
  if (changed_.size() > 1) {
    text += " and " + std::to_string(changed_.size() - 1) + " more";
  }
  changed_.clear();
  made_.clear();
  return text;
}

std::string FileWatch::describe() const {
  std::string text = files_.application.empty() ? "" : shown(files_.application);
  for (const std::string& folder : files_.folders) {
    text += (text.empty() ? "" : ", ") + shown(folder);
  }
  return text;
}

// As people wrote it, where it is below the folder they are in.
std::string FileWatch::shown(const std::string& path) const {
  const fs::path relative = fs::path(path).lexically_relative(working_folder_);
  if (relative.empty() || *relative.begin() == "..") {
    return config::printable(path);
  }
  return relative == "." ? "." : config::printable("./" + relative.string());
}

bool FileWatch::is_application(const std::string& path) const {
  return std::find(application_files_.begin(), application_files_.end(), path) !=
         application_files_.end();
}

// A log, or an older one that was renamed: access.log.1.
bool FileWatch::is_own(std::string_view path) const {
  return std::any_of(files_.own.begin(), files_.own.end(), [path](const std::string& own) {
    return path.starts_with(own) && (path.size() == own.size() || path[own.size()] == '.');
  });
}

std::optional<FileWatch::Stamp> FileWatch::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  constexpr std::int64_t kNsPerS = 1'000'000'000;
  return Stamp{status.st_dev, status.st_ino,
               status.st_ctim.tv_sec * kNsPerS + status.st_ctim.tv_nsec};
}

}  // namespace prefork::master
