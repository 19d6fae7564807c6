// Folders under inotify: found by their names, watched with what is below them, and found again
// when they were removed and made anew, or when their name leads to another one. Belongs to a
// FileWatch; owns the descriptor, which no child may keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "workers/master/file_stamp.h"

namespace prefork::master {

class WatchedFolders {
 public:
  // Something that happened to `name` in a folder.
  struct Event {
    std::uint32_t mask = 0;  // inotify(7)
    std::string path;
    bool in_whole_folder = false;  // every file there counts, not only the application's
  };
  // More happened than the kernel keeps, and nobody knows what.
  struct Overflow {};

  using FoundFile = std::function<void(const std::string& path)>;

  // Throws std::system_error.
  explicit WatchedFolders(std::size_t max_folders);

  [[nodiscard]] int fd() const { return inotify_.get(); }
  // As people wrote it, where it is below the folder they are in.
  [[nodiscard]] std::string shown(const std::string& path) const;

  // A folder that is asked for, there or not, with everything below it.
  void add_root(const std::string& path) { add_root(path, true); }
  // Those of which only one file counts: these, and no others any more.
  void set_single_roots(const std::set<std::string>& paths);

  // Takes what the kernel has.
  void drain(const std::function<void(const Event&)>& on_event,
             const std::function<void(Overflow)>& on_overflow);

  // Sees whether each root is still, or is again, what its name says: no event of what it was says
  // so. Nothing differs: nothing. Otherwise those roots that have come (back) with everything below
  // them.
  std::optional<std::vector<std::string>> look_again();
  // Watches what is below the roots once more, and returns those that are there.
  std::vector<std::string> rescan();

  // With everything below it. `found` is told of the files that are there already: they came with
  // their folder, or before it was watched.
  void add_tree(const std::string& path, const FoundFile& found);
  void drop_tree(const std::string& path);

  // What cannot be watched, or is not there; each once.
  std::vector<std::string> take_remarks();

 private:
  struct Folder {
    std::string path;
    bool whole = false;
  };
  // A folder that was asked for, found by its name again and again.
  struct Root {
    std::string path;
    bool whole = false;
    int watch = -1;
    std::optional<FileStamp> identity;  // nothing: it is not there
  };

  void add_root(const std::string& path, bool whole);
  void arm(Root& root);
  void disarm(Root& root);
  int add_folder(const std::string& path, bool whole);

  const std::size_t max_folders_;
  const std::string working_folder_;
  ipc::OwnedFd inotify_;
  std::vector<Root> roots_;        // few
  std::map<int, Folder> folders_;  // by watch
  bool told_limit_ = false;
  bool told_remote_ = false;
  std::vector<std::string> remarks_;
};

}  // namespace prefork::master
