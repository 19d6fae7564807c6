#include "workers/master/socket_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace prefork::master {

SocketFile SocketFile::at(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    return {};
  }
  std::error_code unknown;
  return {std::filesystem::canonical(path, unknown).string(), file.st_dev, file.st_ino};
}

bool SocketFile::is_at(const std::string& where) const {
  struct stat file {};
  return ::stat(where.c_str(), &file) == 0 && file.st_dev == device && file.st_ino == inode;
}

void SocketFile::remove() const {
  if (!path.empty() && is_at(path)) {
    ::unlink(path.c_str());
  }
}

}  // namespace prefork::master
