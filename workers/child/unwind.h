// The call stack of a thread, taken by itself: in a signal handler that interrupted it, of what was
// interrupted. The unwinder is libgcc's: it takes no lock with glibc 2.35 or later, and allocates
// nothing once it has been used (ipc/base/alternate_stack.h).
#pragma once

#include <ucontext.h>

#include "ipc/call_stack.h"

namespace prefork::child {

// `interrupted`: what the handler was given. Replaces what is in `stack`.
void unwind(ucontext_t& interrupted, ipc::CallStack& stack);

}  // namespace prefork::child
