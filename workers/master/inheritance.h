// What a program leaves to the next one in its process, or to one that it starts. Master only.
#pragma once

#include <sys/types.h>

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

// In a process that was forked to run another program for the master, before that program: signals
// are as every program expects them, and it ends with the master.
void become_helper(pid_t master);

}  // namespace prefork::master
