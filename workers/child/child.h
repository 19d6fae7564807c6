// What every child does first after the fork, and last: it gives up what is its parent's, and it
// leaves without unwinding its parent's stack. Children only; the master's single thread was
// copied, so there is one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::child {

// Blocks the signals that children take from a signalfd or not at all, ignores those that a
// terminal sends to the whole group (the master passes on what is meant), and makes sure that the
// child does not outlive `master_pid`, whatever ends it. Returns the signalfd that tells of
// SIGTERM. Throws std::system_error.
ipc::OwnedFd take_over_signals(int master_pid);

// Closes every descriptor above standard error that is not in `keep`: a forgotten copy of a pipe's
// end would hide from others that it was closed.
void close_other_fds(std::span<const int> keep);

// Closes descriptors that the fork has copied and that are in use under other numbers by now.
void close_inherited(std::span<const int> fds);

// Ends the process: no destructors, no atexit handlers of the master, but what sanitizers and
// coverage tools need.
[[noreturn]] void leave(int exit_code);

// Reads the signalfd empty.
void drain_signals(int signal_fd);

}  // namespace prefork::child
