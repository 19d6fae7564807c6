// Which worker runs on which CPUs: `--cpu-affinity` against the machine. A pure function of what
// cpu_topology.h and cpu_count.h read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/values/cpu_affinity.h"

namespace prefork::config {

struct CpuPlan {
  // Worker N runs on element N modulo their number; empty: wherever the kernel likes.
  std::vector<CpuSet> workers;
  // `each worker has a core of its own, of CPUs 0-7`, or why there is no plan; empty: not asked
  // for.
  std::string basis;
};

struct Cpus {
  CpuSet allowed;               // that this process may run on
  std::vector<CpuSet> cores;    // of those that are to be used, as cores_of() has them
  CpuSet online;                // of the machine; empty: unknown
  std::optional<double> quota;  // of the cgroup, in CPUs
};

// A worker gets a whole core as long as there is one for each, else one CPU; with a list they are
// dealt in turn when there are more workers than CPUs. `auto` does nothing then, for those that
// share a CPU would be slower than the others; nor under a quota on CPUs that are not ours alone,
// where a pinned worker waits for its CPU while others are idle. A problem: a CPU of the list is
// not one that this process may run on.
Result<CpuPlan> choose_cpus(const CpuAffinity& affinity, std::uint32_t workers, const Cpus& cpus);

}  // namespace prefork::config
