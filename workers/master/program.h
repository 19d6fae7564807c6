// The program that runs, started once more in a process of its own: a child that inherits nothing
// of the master's memory and has an address space laid out anew. Master only.
#pragma once

#include <sys/types.h>

#include "ipc/base/owned_fd.h"
#include "ipc/control_channel.h"
#include "workers/child/start_order.h"

namespace prefork::master {

// In a process that was forked for it. `written`: the order, as write_start_order() has made it.
// What is no standard descriptor and not in the order is closed. Where it does not work the master
// is told over `control`.
[[noreturn]] void become_program(const child::StartOrder& order, const ipc::OwnedFd& written,
                                 ipc::ControlEnd& control);

// A process of the program that is no child of the service: it gets one argument, and nothing but
// its standard descriptors and, where it is open, `extra` as kHelperExtraFd. Returns its pid; -1:
// there is none.
inline constexpr int kHelperExtraFd = 3;
pid_t start_helper(const char* argument, int input, int output, int extra);

}  // namespace prefork::master
