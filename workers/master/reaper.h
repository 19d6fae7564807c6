// Takes ended processes from the kernel, one at a time. Master only.
#pragma once

#include <functional>
#include <optional>

#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

struct Reaped {
  supervision::Pid pid = 0;
  supervision::Exit exit;
};

// What waitpid(2) says of a process that has ended; but for the CPU time, which it does not know.
supervision::Exit exit_of(int status);

// Nothing: nobody else has ended. As PID 1 of a container the master also inherits orphans of
// others. `before` is told the same while /proc still knows the process.
std::optional<Reaped> reap_one(const std::function<void(const Reaped&)>& before);

// Whether the process is a child of this one, dead or alive.
bool is_child(supervision::Pid pid);

}  // namespace prefork::master
