// What --reload watches: the application's file and folders with everything below them. Replaced
// files are seen (the folder is watched, not the file), and so are folders that go away and come
// back. What happened is told once it has been quiet for a moment and the application's file is
// complete: compilers and linkers write in steps.
//
// Belongs to the master; owns an inotify descriptor, which no child may keep. Times are handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/owned_fd.h"

struct inotify_event;

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
  using TimePoint = std::chrono::steady_clock::time_point;

  // After the last change, and at the latest after the first one of a series without an end.
  static constexpr std::chrono::milliseconds kQuietTime{300};
  static constexpr std::chrono::milliseconds kLongestSeries{3'000};
  // How often to see whether a folder is still, or is again, what its name says.
  static constexpr std::chrono::milliseconds kLookAgain{1'000};
  // Folders; each costs the kernel about a kilobyte.
  static constexpr std::size_t kMaxFolders = 4'096;

  // Throws std::system_error. What cannot be watched is among the first remarks.
  FileWatch(WatchedFiles files, TimePoint now, std::size_t max_folders = kMaxFolders);

  [[nodiscard]] const WatchedFiles& files() const { return files_; }
  // Readable when there is something to drain.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  // When to drain even if there is nothing to read.
  [[nodiscard]] TimePoint deadline() const;
  // Takes what the kernel has; what changed is returned once.
  FileNews drain(TimePoint now);

  // `./libshop.so, ./templates`.
  [[nodiscard]] std::string describe() const;

 private:
  // Device, inode and time of the last change; of a folder without the time.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static std::optional<Stamp> stamp_of(const std::string& path);
  static std::optional<Stamp> identity_of(const std::string& folder);

  struct Folder {
    std::string path;
    bool whole = false;  // every file in it counts, not only the application's
  };
  // A folder that was asked for, found by its name again and again.
  struct Root {
    std::string path;
    bool whole = false;
    int watch = -1;
    std::optional<Stamp> identity;  // nothing: it is not there
  };

  void on_event(const inotify_event& event, std::string_view name);
  void on_folder(std::uint32_t mask, const std::string& path);
  void on_application(std::uint32_t mask, const std::string& path);
  void on_file(std::uint32_t mask, const std::string& path);
  void on_overflow();
  void look_again();
  void check_application();
  void follow_links();

  void add_root(std::string path, bool whole);
  void arm(Root& root);
  void disarm(Root& root);
  int add_folder(const std::string& path, bool whole);
  void add_tree(const std::string& path, bool tell);
  void drop_tree(const std::string& path);

  bool is_news(const std::string& path);
  void note(const std::string& path);
  std::string take_changes();
  [[nodiscard]] std::string shown(const std::string& path) const;
  [[nodiscard]] bool is_application(const std::string& path) const;
  [[nodiscard]] bool is_own(std::string_view path) const;

  const WatchedFiles files_;
  const std::size_t max_folders_;
  const std::string working_folder_;
  ipc::OwnedFd inotify_;
  TimePoint now_;                               // of the present drain
  std::vector<Root> roots_;                     // few
  std::map<int, Folder> folders_;               // by watch
  std::vector<std::string> application_files_;  // its name, and what that leads to
  std::optional<Stamp> application_stamp_;
  bool in_the_making_ = false;           // the application's file is not complete, or not there
  std::map<std::string, Stamp> stamps_;  // of files that counted, at most kMaxRemembered
  std::set<std::string> changed_;        // at most kMaxRemembered
  std::set<std::string> made_;           // new since the last news; the same
  TimePoint first_change_;
  TimePoint last_change_;
  TimePoint next_look_;
  bool told_limit_ = false;
  std::vector<std::string> remarks_;
};

}  // namespace prefork::master
