#include "workers/master/working_folder.h"

#include <sys/stat.h>
#include <unistd.h>

namespace prefork::master {

namespace {

// The rule of a shell: an absolute name of the folder the process is in (POSIX, pwd -L).
bool names_working_folder(const std::string& name) {
  struct stat named {};
  struct stat working {};
  return name.starts_with('/') && ::stat(name.c_str(), &named) == 0 && ::stat(".", &working) == 0 &&
         named.st_dev == working.st_dev && named.st_ino == working.st_ino;
}

}  // namespace

WorkingFolder::WorkingFolder(const config::Environment& environment) {
  const auto variable = environment.find("PWD");
  if (variable != environment.end() && names_working_folder(variable->second)) {
    name_ = variable->second;
  }
}

void WorkingFolder::follow() const {
  if (!name_.empty()) {
    [[maybe_unused]] const int moved = ::chdir(name_.c_str());
  }
}

}  // namespace prefork::master
