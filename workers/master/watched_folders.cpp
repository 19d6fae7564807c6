#include "workers/master/watched_folders.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/base/config_error.h"
#include "workers/master/remote_folder.h"
#include "workers/master/watched_names.h"

namespace prefork::master {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                  IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;

std::string working_folder() {
  std::error_code ignored;
  return fs::current_path(ignored).string();
}

}  // namespace

WatchedFolders::WatchedFolders(std::size_t max_folders)
    : max_folders_(max_folders),
      working_folder_(working_folder()),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_.valid()) {
    throw std::system_error(errno, std::generic_category(),
                            errno == EMFILE ? "--reload: no inotify instance is left; raise "
                                              "fs.inotify.max_user_instances"
                                            : "--reload: inotify_init1");
  }
}

std::string WatchedFolders::shown(const std::string& path) const {
  const fs::path relative = fs::path(path).lexically_relative(working_folder_);
  if (relative.empty() || *relative.begin() == "..") {
    return config::printable(path);
  }
  return relative == "." ? "." : config::printable("./" + relative.string());
}

void WatchedFolders::drain(const std::function<void(const Event&)>& on_event,
                           const std::function<void(Overflow)>& on_overflow) {
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  ssize_t size = 0;
  while ((size = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      // Padded with zero bytes.
      const std::string_view name = event.len == 0 ? "" : at + sizeof event;
      at += sizeof event + event.len;
      const auto found = folders_.find(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        on_overflow({});
      } else if (found != folders_.end() && (event.mask & IN_IGNORED) != 0) {
        folders_.erase(found);
      } else if (found != folders_.end() && !name.empty()) {
        on_event({event.mask, join_path(found->second.path, name), found->second.whole});
      }
    }
  }
}

std::optional<std::vector<std::string>> WatchedFolders::look_again() {
  std::optional<std::vector<std::string>> came;
  for (Root& root : roots_) {
    const auto identity = stamp_of_folder(root.path);
    const bool is_lost = root.watch >= 0 && !folders_.contains(root.watch);
    if (identity == root.identity && (!identity || !is_lost)) {
      continue;
    }
    came = came.value_or(std::vector<std::string>());
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
      came->push_back(root.path);
    }
  }
  return came;
}

std::vector<std::string> WatchedFolders::rescan() {
  std::vector<std::string> there;
  for (const Root& root : roots_) {
    if (root.whole && root.identity) {
      add_tree(root.path, nullptr);
      there.push_back(root.path);
    }
  }
  return there;
}

void WatchedFolders::set_single_roots(const std::set<std::string>& paths) {
  std::erase_if(roots_, [&](Root& root) {
    const bool is_needed = root.whole || paths.contains(root.path);
    if (!is_needed) {
      disarm(root);
    }
    return !is_needed;
  });
  for (const std::string& path : paths) {
    if (std::none_of(roots_.begin(), roots_.end(),
                     [&](const Root& root) { return !root.whole && root.path == path; })) {
      add_root(path, false);
    }
  }
}

void WatchedFolders::add_root(const std::string& path, bool whole) {
  Root root;
  root.path = path;
  root.whole = whole;
  arm(root);
  if (!root.identity) {
    remarks_.push_back("reload: folder " + shown(root.path) + " is not there; waiting for it");
  }
  roots_.push_back(std::move(root));
}

void WatchedFolders::arm(Root& root) {
  root.identity = stamp_of_folder(root.path);
  if (!root.identity) {
    return;
  }
  const auto remote = remote_file_system_of(root.path);
  if (remote && !std::exchange(told_remote_, true)) {
    remarks_.push_back("reload: folder " + shown(root.path) + " is on " + std::string(*remote) +
                       ": what other machines change there goes unnoticed; send SIGHUP after it");
  }
  root.watch = add_folder(root.path, root.whole);
  if (root.whole && root.watch >= 0) {
    add_tree(root.path, nullptr);
  }
}

void WatchedFolders::disarm(Root& root) {
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
int WatchedFolders::add_folder(const std::string& path, bool whole) {
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

void WatchedFolders::add_tree(const std::string& path, const FoundFile& found) {
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
      } else if (found && !is_noise_file(last_name(entry))) {
        found(entry);
      }
    }
  }
}

void WatchedFolders::drop_tree(const std::string& path) {
  std::erase_if(folders_, [&](const auto& entry) {
    const std::string& folder = entry.second.path;
    const bool is_below = folder == path || folder.starts_with(join_path(path, ""));
    if (is_below) {
      ::inotify_rm_watch(inotify_.get(), entry.first);
    }
    return is_below;
  });
}

std::vector<std::string> WatchedFolders::take_remarks() { return std::exchange(remarks_, {}); }

}  // namespace prefork::master
