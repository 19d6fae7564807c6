// The signals of a child, and what becomes of them in the processes that an application starts.
//
// The rule: no thread of a child has anything blocked, and no signal is ignored. What a child does
// not want is taken by a handler that does nothing, for exec(2) makes a handler the default action
// again, while an ignored signal stays ignored and a mask stays a mask; so whatever way a program
// is started (system(3), posix_spawn(3), fork(2) and exec), it finds what a program expects. A
// child of a handler that runs on without exec gets the default actions too, and the limit of open
// files that the service was started with.
//
// The terminal's own signals (SIGTTIN, SIGTTOU) go to the whole group when one of it uses the
// terminal from the background. They stop nobody here: the thread that is refused by the terminal
// blocks them from then on, so that it can write and reads an error.
//
// Those that end a process because of what it did have a handler that notes it first
// (workers/child/crash_handlers.h).
#pragma once

#include "ipc/base/owned_fd.h"

namespace prefork::child {

// Takes the signals over from whoever forked. What a terminal sends to the whole group does nothing
// here (the master passes on what is meant); SIGTERM is told of by the descriptor that is returned.
// Once in a process; one thread. Throws std::system_error.
ipc::OwnedFd take_over_signals();

// For a process that only its parent tells what to do: no signal does anything. One thread. What it
// forks takes its own over.
void take_no_signals();

// Sets again what is relied on. For after each call into an application that may have changed it: a
// handler of its own for another signal than SIGTERM stays. The thread that calls is unblocked.
void set_signals_again();
// The same, but for what the calling thread blocks. For now and then, since handlers may change
// signals as well.
void set_handlers_again();

// Forgets the SIGTERMs that were told so far.
void drain_signals(int signal_fd);

}  // namespace prefork::child
