// The limits of this process and of the machine, for the lines that say what there was too little
// of.
#pragma once

#include <exception>
#include <string>

namespace prefork::child {

// "(ulimit -u 4096; the cgroup has 64, its pids.max is 64; the machine has 340, its threads-max is
// 127000; ulimit -v 400000)": of processes and threads, and of the memory that a thread's stack is
// taken from; as much of it as can be read.
std::string describe_process_limits();

// " (ulimit -n 64; LimitNOFILE= of systemd)": where to look when the system has answered with this
// error; empty where nothing is known to help.
std::string remedy_for(int error);

// What was thrown, and where to look where the system has refused something.
std::string describe_failure(const std::exception& error);

// "no process could be made for it: Resource temporarily unavailable (ulimit -u 64; ...)": with the
// limits that this error is about.
std::string describe_failed_fork(int error);

}  // namespace prefork::child
