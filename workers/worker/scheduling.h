// Where and how willingly the kernel runs this worker: `--cpu-affinity` and `--nice`.
#pragma once

#include <cstdint>

#include "config/options/options.h"
#include "workers/child/log.h"

namespace prefork::worker {

// Once, at the start of the worker of `slot`, while it has one thread and has touched no memory of
// its own: threads inherit both (sched_setaffinity(2), setpriority(2)), and the kernel takes memory
// from the node of the CPU that touches it first (numa(7)).
// CPUs that were taken away since they were chosen are a line in the log, for the worker can serve
// on others. Throws std::runtime_error when the nice value is refused.
void apply_scheduling(const config::ProcessOptions& options, std::uint32_t slot, child::Log& log);

}  // namespace prefork::worker
