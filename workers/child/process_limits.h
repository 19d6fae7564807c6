// How many processes and threads there may be, for the line that says that one could not be made.
#pragma once

#include <string>

namespace prefork::child {

// "(ulimit -u 4096; the cgroup has 64, its pids.max is 64; the machine has 340, its threads-max is
// 127000)"; as much of it as can be read.
std::string describe_process_limits();

// "no process could be made for it: Resource temporarily unavailable (ulimit -u 64; ...)": with the
// limits that this error is about.
std::string describe_failed_fork(int error);

}  // namespace prefork::child
