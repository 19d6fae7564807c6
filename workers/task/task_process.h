// A task process: loads the application as a worker does, and runs tasks for the workers until it
// is to leave. Its main thread has the event loop of a child (workers/child/child_runtime.h), which
// shows life and keeps deadlines while the TaskRunner's thread is busy. It has no socket.
//
// Replaced by a reload it finishes the task it runs. When the server stops it goes on for the
// workers, which stop at the same time, until none of them is left; then it drops what is still
// queued, which nobody waits for, and says how much that was.
#pragma once

#include "workers/child/child_context.h"

namespace prefork::task {

// Returns the exit code of the process.
int run_task(const child::ChildContext& context);

}  // namespace prefork::task
