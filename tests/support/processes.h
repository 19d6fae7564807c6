// What /proc says of other processes. Any thread.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

namespace prefork::test {

// Those of a process group that still run; a process that has ended and only waits to be reaped
// does not count.
std::vector<pid_t> processes_of_group(pid_t group);

// Those that have ended and were not reaped.
std::vector<pid_t> zombies_of_group(pid_t group);

bool is_running(pid_t pid);

// As `ps` shows it, without the padding.
std::string title_of(pid_t pid);

// User and system time since its start.
double cpu_seconds_of(pid_t pid);

}  // namespace prefork::test
