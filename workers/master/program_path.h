// Where the program was started from, by name: what lies there later is what an upgrade goes on as.
// Not where the kernel says that it lies (/proc/self/exe), which follows links and a file that is
// moved away. Master only.
#pragma once

#include <string>

#include "config/load.h"

namespace prefork::master {

// Of this process, at its start. `name`: what it was called as; a name without a slash is searched
// for in $PATH. Where the name leads to another file it is the kernel's, if that has one (/proc).
std::string find_program_path(const std::string& name, const config::Environment& environment);

}  // namespace prefork::master
