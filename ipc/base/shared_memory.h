// Memory that several processes map: a file without a name (memfd_create(2)), of one size for good.
// `what` says in an error what it was for: "the statistics segment". All throw std::system_error.
// Any process, any thread.
#pragma once

#include <cstddef>
#include <string>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

// All zero, close-on-exec. Pages are given out when first touched. Nobody can shrink it while
// others look at it, where the kernel knows seals (F_ADD_SEALS in fcntl(2)).
OwnedFd make_shared_memory(const char* name, std::size_t size, const std::string& what);

// All of it, to read and to write. To be unmapped by the caller.
void* map_shared_memory(const OwnedFd& memory, std::size_t size, const std::string& what);

// errno and what failed.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace prefork::ipc
