#include "config/checks/path_checks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "config/base/config_error.h"
#include "config/values/log_target.h"

namespace prefork::config {
namespace {

bool may_access(const std::string& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

Problem not_writable(const std::string& what) {
  return Problem{what + " is not writable for user " + std::to_string(geteuid()) +
                 "; change its permissions or use another path"};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> check_folder(const std::string& folder) {
  const std::string name = "folder " + in_quotes(folder);
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT) return Problem{name + " does not exist; create it or use another path"};
    return Problem{name + " cannot be used: " + std::generic_category().message(errno)};
  }
  if (!S_ISDIR(status.st_mode)) return Problem{in_quotes(folder) + " is not a folder"};
  if (!may_access(folder, W_OK | X_OK)) return not_writable(name);
  return {};
}

}  // namespace

Result<void> check_log_path(const std::string& path) {
  if (standard_descriptor_of(path)) return {};
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return check_folder(folder_of(path));
  if (S_ISDIR(status.st_mode)) return Problem{in_quotes(path) + " is a folder; name a file"};
  if (S_ISSOCK(status.st_mode)) return Problem{in_quotes(path) + " is a socket; name a file"};
  if (!may_access(path, W_OK)) return not_writable("file " + in_quotes(path));
  return {};
}

Result<void> check_file_to_make(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return Problem{in_quotes(path) + " exists and is no file of its own; name another path"};
  }
  return check_folder(folder_of(path));
}

Result<void> check_folder_to_fill(const std::string& path) { return check_folder(path); }

Result<void> check_socket_path(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
    return Problem{in_quotes(path) + " exists and is not a socket; remove it or use another path"};
  }
  return check_folder(folder_of(path));
}

}  // namespace prefork::config
