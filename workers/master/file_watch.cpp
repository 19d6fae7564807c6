#include "workers/master/file_watch.h"

#include <sys/inotify.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "workers/master/watched_names.h"

namespace prefork::master {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kGone = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kComplete = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::size_t kMaxRemembered = ChangeSeries::kMaxRemembered;
constexpr std::size_t kMaxRemarks = 8;  // of one drain

}  // namespace

FileWatch::FileWatch(WatchedFiles files, TimePoint now, std::size_t max_folders)
    : files_(std::move(files)), folders_(max_folders), now_(now), next_look_(now + kLookAgain) {
  // First, so that it has room whatever is below the folders.
  if (!files_.application.empty()) {
    follow_links();
    application_stamp_ = stamp_of_file(files_.application);
    in_the_making_ = !application_stamp_;
  }
  for (const std::string& folder : files_.folders) {
    folders_.add_root(folder);
  }
}

FileWatch::TimePoint FileWatch::deadline() const {
  if (in_the_making_) {
    return next_look_;
  }
  return std::min(next_look_, changes_.due().value_or(next_look_));
}

FileNews FileWatch::drain(TimePoint now) {
  now_ = now;
  folders_.drain([this](const WatchedFolders::Event& event) { on_event(event); },
                 [this](WatchedFolders::Overflow) { on_overflow(); });
  if (now >= next_look_) {
    next_look_ = now + kLookAgain;
    look_again();
  }
  FileNews news;
  const auto due = changes_.due();
  if (due && !in_the_making_ && now >= *due) {
    news.changed = take_changes();
  }
  news.remarks = folders_.take_remarks();
  if (news.remarks.size() > kMaxRemarks) {
    news.remarks.resize(kMaxRemarks);
  }
  return news;
}

void FileWatch::on_event(const WatchedFolders::Event& event) {
  const std::string_view name = last_name(event.path);
  const bool counts = event.in_whole_folder && !is_own(event.path);
  if ((event.mask & IN_ISDIR) != 0) {
    if (counts && !is_noise_folder(name)) {
      on_folder(event.mask, event.path);
    }
  } else if (is_application(event.path)) {
    on_application(event.mask, event.path);
  } else if (counts && !is_noise_file(name)) {
    on_file(event.mask, event.path);
  }
}

void FileWatch::on_folder(std::uint32_t mask, const std::string& path) {
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    folders_.add_tree(path, [this](const std::string& file) {
      if (!is_own(file)) {
        note(file);
      }
    });
  } else if ((mask & IN_MOVED_FROM) != 0) {
    folders_.drop_tree(path);
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
    changes_.gone(path, now_);
  } else if ((mask & IN_CREATE) != 0 && !is_link(path)) {
    changes_.made(path);
  } else if ((mask & IN_CREATE) != 0 || is_news(path)) {
    note(path);
  }
}

void FileWatch::on_overflow() {
  for (const std::string& root : folders_.rescan()) {
    note(root);
  }
  check_application();
}

void FileWatch::look_again() {
  const auto came = folders_.look_again();
  if (!came) {
    return;
  }
  for (const std::string& root : *came) {
    note(root);
  }
  check_application();
}

// The name of the application may be a link to a file elsewhere; either may be exchanged.
void FileWatch::follow_links() {
  std::vector<std::string> files = {files_.application};
  std::error_code error;
  const std::string real = fs::canonical(files_.application, error).string();
  if (!error && real != files_.application) {
    files.push_back(real);
  }
  if (files == application_files_) {
    return;
  }
  application_files_ = std::move(files);
  std::set<std::string> around;
  for (const std::string& file : application_files_) {
    around.insert(fs::path(file).parent_path().string());
  }
  folders_.set_single_roots(around);
}

void FileWatch::check_application() {
  if (files_.application.empty()) {
    return;
  }
  const auto stamp = stamp_of_file(files_.application);
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
  const auto stamp = stamp_of_file(path);
  if (!stamp) {
    return false;
  }
  if (stamps_.size() >= kMaxRemembered) {
    stamps_.clear();
  }
  const auto [known, is_new] = stamps_.try_emplace(path, *stamp);
  return is_new || std::exchange(known->second, *stamp) != *stamp;
}

std::string FileWatch::take_changes() {
  const std::set<std::string> changed = changes_.take();
  const bool has_application = changed.contains(files_.application);
  std::string text = shown(has_application ? files_.application : *changed.begin());
  if (changed.size() > 1) {
    text += " and " + std::to_string(changed.size() - 1) + " more";
  }
  return text;
}

std::string FileWatch::describe() const {
  std::string text = files_.application.empty() ? "" : shown(files_.application);
  for (const std::string& folder : files_.folders) {
    text += (text.empty() ? "" : ", ") + shown(folder);
  }
  return text;
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

}  // namespace prefork::master
