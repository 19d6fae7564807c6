// What --reload watches: the application's file and folders with everything below them. Replaced
// files are seen (the folder is watched, not the file), and so are folders that go away and come
// back. What happened is told once it has been quiet for a moment and the application's file is
// complete.
//
// Belongs to the master; owns an inotify descriptor, which no child may keep. Times are handed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workers/master/change_series.h"
#include "workers/master/file_stamp.h"
#include "workers/master/watched_folders.h"

namespace prefork::master {

// All paths are absolute.
struct WatchedFiles {
  std::string application;           // empty: none
  std::vector<std::string> folders;  // with everything below them
  std::vector<std::string> own;      // logs: the server writes them itself, so they never count

  bool operator==(const WatchedFiles&) const = default;
};

struct FileNews {
  std::string changed;               // `./libshop.so`, `./a.html and 2 more`; empty: nothing
  std::vector<std::string> remarks;  // for the log
};

class FileWatch {
 public:
  using TimePoint = ChangeSeries::TimePoint;

  // How often to see whether a folder is still, or is again, what its name says.
  static constexpr std::chrono::milliseconds kLookAgain{1'000};
  // Folders; each costs the kernel about a kilobyte.
  static constexpr std::size_t kMaxFolders = 4'096;

  // Throws std::system_error. What cannot be watched is among the first remarks.
  FileWatch(WatchedFiles files, TimePoint now, std::size_t max_folders = kMaxFolders);

  [[nodiscard]] const WatchedFiles& files() const { return files_; }
  // Readable when there is something to drain.
  [[nodiscard]] int fd() const { return folders_.fd(); }
  // When to drain even if there is nothing to read.
  [[nodiscard]] TimePoint deadline() const;
  // Takes what the kernel has; what changed is returned once.
  FileNews drain(TimePoint now);

  // `./libshop.so, ./templates`.
  [[nodiscard]] std::string describe() const;

 private:
  void on_event(const WatchedFolders::Event& event);
  void on_folder(std::uint32_t mask, const std::string& path);
  void on_application(std::uint32_t mask, const std::string& path);
  void on_file(std::uint32_t mask, const std::string& path);
  void on_overflow();
  void look_again();
  void check_application();
  void follow_links();

  bool is_news(const std::string& path);
  void note(const std::string& path) { changes_.changed(path, now_); }
  std::string take_changes();
  [[nodiscard]] std::string shown(const std::string& path) const { return folders_.shown(path); }
  [[nodiscard]] bool is_application(const std::string& path) const;
  [[nodiscard]] bool is_own(std::string_view path) const;

  const WatchedFiles files_;
  WatchedFolders folders_;
  ChangeSeries changes_;
  TimePoint now_;                               // of the present drain
  std::vector<std::string> application_files_;  // its name, and what that leads to
  std::optional<FileStamp> application_stamp_;
  bool in_the_making_ = false;               // the application's file is not complete, or not there
  std::map<std::string, FileStamp> stamps_;  // of files that counted, at most kMaxRemembered
  TimePoint next_look_;
};

}  // namespace prefork::master
