// A copy of a file in memory that nobody can change any more (memfd_create(2), F_ADD_SEALS in
// fcntl(2)): what a generation serves is then one build, however often its processes are started
// and whatever is done to the file. Master only.
#pragma once

#include <string>

#include "config/base/result.h"
#include "ipc/base/owned_fd.h"

namespace prefork::master {

// Read only, close-on-exec. The problem names the file. A descriptor that is not valid, and no
// problem: this system has no /proc or no such copies, so that nobody could load one.
config::Result<ipc::OwnedFd> make_sealed_copy(const std::string& path);

}  // namespace prefork::master
