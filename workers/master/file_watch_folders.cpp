// The folders of a FileWatch: found by their names, watched with what is below them, and found
// again.
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "workers/master/file_watch.h"
#include "workers/master/watched_names.h"

namespace prefork::master {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                  IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;

}  // namespace

// A folder may be removed and made anew, or its name may lead to another one: no event of what it
// was says so.
void FileWatch::look_again() {
  bool differs = false;
  for (Root& root : roots_) {
    const auto identity = identity_of(root.path);
    const bool is_lost = root.watch >= 0 && !folders_.contains(root.watch);
    if (identity == root.identity && (!identity || !is_lost)) {
      continue;
    }
    differs = true;
    if (root.identity) {
      disarm(root);
    }
    if (!identity) {
      remarks_.push_back("reload: folder " + shown(root.path) +
                         " is gone; waiting for it to come back");
      continue;
    }
    arm(root);
    if (root.whole && root.watch >= 0) {
      note(root.path);
    }
  }
  if (differs) {
    check_application();
  }
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
  std::set<std::string> wanted;
  for (const std::string& file : application_files_) {
    wanted.insert(fs::path(file).parent_path().string());
  }
  std::erase_if(roots_, [&](Root& root) {
    const bool is_needed = root.whole || wanted.contains(root.path);
    if (!is_needed) {
      disarm(root);
    }
    return !is_needed;
  });
  for (const std::string& folder : wanted) {
    if (std::none_of(roots_.begin(), roots_.end(),
                     [&](const Root& root) { return !root.whole && root.path == folder; })) {
      add_root(folder, false);
    }
  }
}

void FileWatch::add_root(std::string path, bool whole) {
  Root root;
  root.path = std::move(path);
  root.whole = whole;
  arm(root);
  if (!root.identity) {
    remarks_.push_back("reload: folder " + shown(root.path) + " is not there; waiting for it");
  }
  roots_.push_back(std::move(root));
}

void FileWatch::arm(Root& root) {
  root.identity = identity_of(root.path);
  if (!root.identity) {
    return;
  }
  root.watch = add_folder(root.path, root.whole);
  if (root.whole && root.watch >= 0) {
    add_tree(root.path, false);
  }
}

void FileWatch::disarm(Root& root) {
  root.identity.reset();
  if (root.whole) {
    drop_tree(root.path);
    root.watch = -1;
    return;
  }
  // Unless it is watched for a folder around it too.
  const auto found = folders_.find(std::exchange(root.watch, -1));
  if (found != folders_.end() && !found->second.whole) {
    ::inotify_rm_watch(inotify_.get(), found->first);
    folders_.erase(found);
  }
}

// Returns the watch, or -1 with a remark.
int FileWatch::add_folder(const std::string& path, bool whole) {
  if (folders_.size() >= max_folders_) {
    if (!std::exchange(told_limit_, true)) {
      remarks_.push_back("reload: no room to watch " + shown(path) + ": " +
                         std::to_string(max_folders_) +
                         " folders are watched already; name smaller ones with --reload-dir");
    }
    return -1;
  }
  const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents);
  if (watch < 0) {
    const int error = errno;
    if (error == ENOSPC && !std::exchange(told_limit_, true)) {
      remarks_.push_back("reload: the kernel has no room to watch " + shown(path) +
                         "; raise fs.inotify.max_user_watches");
    } else if (error != ENOSPC && error != ENOENT && error != ENOTDIR) {
      remarks_.push_back("reload: folder " + shown(path) +
                         " cannot be watched: " + std::generic_category().message(error));
    }
    return -1;
  }
  Folder& folder = folders_[watch];
  folder.path = folder.path.empty() ? path : folder.path;
  folder.whole = folder.whole || whole;
  return watch;
}

// With `tell`, the files that are there already count as changed: they came with their folder, or
// before it was watched.
void FileWatch::add_tree(const std::string& path, bool tell) {
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    const std::string folder = std::move(open.back());
    open.pop_back();
    if (add_folder(folder, true) < 0) {
      continue;
    }
    std::error_code error;
    fs::directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      const std::string& entry = entries->path().native();
      const auto type = entries->symlink_status(error).type();
      if (type == fs::file_type::directory) {
        // One more than there is room for: that one tells of the limit.
        if (!is_noise_folder(last_name(entry)) && open.size() <= max_folders_) {
          open.push_back(entry);
        }
      } else if (tell && !is_noise_file(last_name(entry)) && !is_own(entry)) {
        note(entry);
      }
    }
  }
}

// With everything below it.
void FileWatch::drop_tree(const std::string& path) {
  std::erase_if(folders_, [&](const auto& entry) {
    const std::string& folder = entry.second.path;
    const bool is_below = folder == path || folder.starts_with(join_path(path, ""));
    if (is_below) {
      ::inotify_rm_watch(inotify_.get(), entry.first);
    }
    return is_below;
  });
}

std::optional<FileWatch::Stamp> FileWatch::identity_of(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return std::nullopt;
  }
  return Stamp{status.st_dev, status.st_ino, 0};
}

}  // namespace prefork::master
