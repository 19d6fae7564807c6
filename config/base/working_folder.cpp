#include "config/base/working_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace prefork::config {
namespace {

// Two dots lead to where the folder really is, not to where its name is.
bool leads_up(const std::filesystem::path& path) {
  return std::find(path.begin(), path.end(), "..") != path.end();
}

}  // namespace

bool names_working_folder(const std::string& name) {
  struct stat named {};
  struct stat working {};
  return name.starts_with('/') && stat(name.c_str(), &named) == 0 && stat(".", &working) == 0 &&
         named.st_dev == working.st_dev && named.st_ino == working.st_ino;
}

std::string absolute_path(const std::string& path, const std::string& folder) {
  if (!folder.empty() && !leads_up(path)) {
    return (std::filesystem::path(folder) / path).lexically_normal().string();
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

}  // namespace prefork::config
