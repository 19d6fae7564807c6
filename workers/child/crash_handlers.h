// What a child writes of itself when a signal ends it: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and
// SIGSYS have a handler that notes what happened and the stack of the thread (ipc/crash_box.h),
// restores the default action and lets the signal happen: the end, and the core, are what they
// would have been.
//
// A handler that the application, or a sanitizer, has set for one of them stays, and nothing is
// noted then. A process that the application has forked notes nothing either.
//
// It runs on the thread's alternate stack, where that has one (ipc/base/alternate_stack.h).
#pragma once

#include "ipc/crash_box.h"

namespace prefork::child {

// From now on, for whatever thread. `box` stays where it is until the process ends. One thread.
void note_crashes_in(ipc::CrashBox& box);

// Sets the handlers where nobody else has set one. For after each call into an application that may
// have changed signals.
void set_crash_handlers_again();

}  // namespace prefork::child
