// An application's file, loaded: finds out what is wrong with it in one line for people. dlopen(3).
// Never unloaded: threads, exit handlers and thread-local objects of the application may live as
// long as the process, and a process loads one. One thread.
#pragma once

#include "config/base/result.h"
#include "server/include/prefork/abi.h"
#include "server/native/application_file.h"

namespace prefork::native {

// The entry point of the application in this file. Its descriptor may be closed afterwards.
config::Result<prefork_load_function> load_shared_object(const ApplicationFile& file);

}  // namespace prefork::native
