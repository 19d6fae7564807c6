// How many processes and threads there may be, for the line that says that one could not be made.
#pragma once

#include <string>

namespace prefork::child {

// "(ulimit -u 4096; the cgroup has 64, its pids.max is 64)"; as much of it as can be read.
std::string describe_process_limits();

}  // namespace prefork::child
