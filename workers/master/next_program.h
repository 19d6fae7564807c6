// Another program in place of this one: same process, same children, and of the descriptors those
// that stay open across execve(2). Master only.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace prefork::master {

struct NextProgram {
  std::string path;  // empty: `fd` is the program
  int fd = -1;
  std::vector<std::string> arguments;  // without its name
};

// The errno of what was in the way: where it works it does not return. Blocked signals stay blocked
// and pending, ignored ones ignored (signal(7)).
int become(const NextProgram& next, const config::Environment& environment);

}  // namespace prefork::master
