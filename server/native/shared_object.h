// An application's file, loaded: finds out what is wrong with it in one line for people. dlopen(3).
// Never unloaded: threads, exit handlers and thread-local objects of the application may live as
// long as the process. One thread.
#pragma once

#include <string>

#include "config/base/result.h"
#include "server/include/prefork/abi.h"

namespace prefork::native {

// The entry point of the application in the file `path` (absolute).
config::Result<prefork_load_function> load_shared_object(const std::string& path);

}  // namespace prefork::native
