#include "workers/master/request_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "ipc/base/error_text.h"
#include "ipc/base/owned_fd.h"

namespace prefork::master {

namespace {

constexpr std::string_view kUnfinished = ".unfinished";

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::chrono::system_clock::time_point changed_at(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    return std::chrono::system_clock::now();
  }
  return std::chrono::system_clock::from_time_t(about.st_mtime);
}

}  // namespace

config::Result<std::string> RequestFolder::add(const std::string& name,
                                               std::string_view text) const {
  const std::string path = path_ + "/" + name + std::string(kSuffix);
  const std::string unfinished = path + std::string(kUnfinished);
  const ipc::OwnedFd file(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const bool is_made = file.valid();
  if (is_made && write_whole(file.get(), text) && ::rename(unfinished.c_str(), path.c_str()) == 0) {
    return path;
  }
  const int error = errno;
  if (is_made) {
    ::unlink(unfinished.c_str());
  }
  return config::Problem{"cannot write " + path + ": " + std::string(ipc::error_text(error))};
}

void RequestFolder::prune(std::chrono::system_clock::time_point now) const {
  std::vector<std::string> ours;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_whole = name.ends_with(kSuffix);
    if (!is_whole && !name.ends_with(std::string(kSuffix) + std::string(kUnfinished))) {
      continue;
    }
    if (now - changed_at(entry->path().string()) > kMaxAge) {
      ::unlink(entry->path().c_str());
    } else if (is_whole) {
      ours.push_back(entry->path().string());
    }
  }
  std::sort(ours.begin(), ours.end());
  for (std::size_t i = 0; i + kMaxFiles < ours.size(); ++i) {
    ::unlink(ours[i].c_str());
  }
}

}  // namespace prefork::master
