#include "workers/master/working_folder.h"

#include <unistd.h>

#include "config/base/working_folder.h"

namespace prefork::master {

WorkingFolder::WorkingFolder(const config::Environment& environment) {
  const auto variable = environment.find("PWD");
  if (variable != environment.end() && config::names_working_folder(variable->second)) {
    name_ = variable->second;
  }
}

void WorkingFolder::follow() const {
  if (!name_.empty()) {
    [[maybe_unused]] const int moved = ::chdir(name_.c_str());
  }
}

}  // namespace prefork::master
