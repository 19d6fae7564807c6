// What /proc says of a process that may be hung: whether it could have run at all. Linux only; what
// cannot be read is as if there were nothing to say. Throws nothing.
#pragma once

#include <cstdint>

#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

struct ProcessLook {
  char state = '?';             // as proc_pid_stat(5) names it
  supervision::Pid tracer = 0;  // a debugger that holds it
  bool is_dumping_core = false;
  // Of its first thread, which is its event loop, in nanoseconds.
  std::uint64_t ran_ns = 0;
  std::uint64_t waited_ns = 0;  // for a processor, up to the last time it got one
};

ProcessLook look_at_process(supervision::Pid pid) noexcept;

}  // namespace prefork::master
