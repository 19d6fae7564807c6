#include "workers/master/program_path.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "config/base/working_folder.h"

namespace prefork::master {

namespace {

constexpr const char* kRunningProgram = "/proc/self/exe";

bool is_running_program(const std::string& path) {
  struct stat named {};
  struct stat running {};
  return ::stat(path.c_str(), &named) == 0 && ::stat(kRunningProgram, &running) == 0 &&
         named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

std::string value_in(const config::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::string absolute(const std::string& path, const config::Environment& environment) {
  const std::string folder = value_in(environment, "PWD");
  return config::absolute_path(path, config::names_working_folder(folder) ? folder : "");
}

std::string find_in_path(const std::string& name, std::string_view path) {
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(folder.size() + 1, path.size()));
    const std::string candidate = std::string(folder) + "/" + name;
    if (!folder.empty() && is_running_program(candidate)) {
      return candidate;
    }
  }
  return name;
}

}  // namespace

std::string find_program_path(const std::string& name, const config::Environment& environment) {
  std::string path =
      name.find('/') == name.npos ? find_in_path(name, value_in(environment, "PATH")) : name;
  // Such a name means another file to whoever reads it.
  const bool is_of_kernel = path.starts_with("/proc/");
  if (!is_of_kernel && is_running_program(path)) {
    return absolute(path, environment);
  }
  std::error_code unknown;
  const std::string known = std::filesystem::read_symlink(kRunningProgram, unknown).string();
  return known.empty() ? absolute(path, environment) : known;
}

}  // namespace prefork::master
