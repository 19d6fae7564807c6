// Descriptors that a program leaves to the next one in its process. Master only.
#pragma once

#include <span>
#include <vector>

#include "ipc/base/owned_fd.h"

namespace prefork::master {

// A copy, close-on-exec; the descriptor itself stays open for whoever may have to take it over
// after all. Throws std::system_error.
ipc::OwnedFd duplicate(int fd);
// Their owner closes them.
std::vector<int> duplicates(const std::vector<int>& fds);

// Whether they stay open across execve(2).
void set_inheritable(std::span<const int> fds, bool stay_open);

}  // namespace prefork::master
