// Bytes for another process, in memory that nobody can change or resize any more (memfd_create(2),
// F_ADD_SEALS of fcntl(2)).
#pragma once

#include <initializer_list>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {

// The parts one behind the other. `name`: seen in /proc alone. Invalid, with errno: there is no
// room for it, or no descriptor. It closes on exec.
OwnedFd make_sealed_memory(const char* name, std::initializer_list<std::string_view> parts);

// It has all the seals that make_sealed_memory() sets, and no other.
bool is_sealed_memory(int fd);

}  // namespace prefork::ipc
