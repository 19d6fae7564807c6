#include "workers/master/file_stamp.h"

#include <sys/stat.h>

namespace prefork::master {

std::optional<FileStamp> stamp_of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  constexpr std::int64_t kNsPerS = 1'000'000'000;
  return FileStamp{status.st_dev, status.st_ino,
                   status.st_ctim.tv_sec * kNsPerS + status.st_ctim.tv_nsec};
}

std::optional<FileStamp> stamp_of_folder(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return std::nullopt;
  }
  return FileStamp{status.st_dev, status.st_ino, 0};
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 &&
         (S_ISLNK(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink > 1));
}

}  // namespace prefork::master
