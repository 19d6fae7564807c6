// An application's file, loaded: finds out what is wrong with it in one line for people. dlopen(3).
// Never unloaded: threads, exit handlers and thread-local objects of the application may live as
// long as the process. One thread.
#pragma once

#include <string>
#include <variant>

#include "server/include/prefork/abi.h"

namespace prefork::native {

struct LoadProblem {
  std::string text;
};

// The entry point of the application in the file `path` (absolute).
std::variant<prefork_load_function, LoadProblem> load_shared_object(const std::string& path);

}  // namespace prefork::native
