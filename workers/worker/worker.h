// A worker process: one event loop with the HTTP server, one thread pool, the control pipe to the
// master, the inbox into which siblings hand connections, and its record in the statistics segment.
// Made after the fork, lives until the process leaves.
#pragma once

#include "workers/child/child_context.h"

namespace prefork::worker {

// Runs the worker to its end and returns its exit code: 0 when it was asked to drain. A failure to
// boot is told to the master over the pipe and returns 3.
int run_worker(const child::ChildContext& context);

}  // namespace prefork::worker
