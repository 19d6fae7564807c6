#include "workers/worker/scheduling.h"

#include <sched.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "ipc/base/error_text.h"

namespace prefork::worker {

namespace {

// errno of a refusal; 0: done.
int run_on(const config::CpuSet& cpus) {
  std::array<cpu_set_t, config::kMostCpus / CPU_SETSIZE> mask{};
  for (const std::uint32_t cpu : cpus) {
    CPU_SET_S(cpu, sizeof(mask), mask.data());
  }
  return ::sched_setaffinity(0, sizeof(mask), mask.data()) == 0 ? 0 : errno;
}

}  // namespace

void apply_scheduling(const config::ProcessOptions& options, std::uint32_t slot, child::Log& log) {
  if (!options.worker_cpus.empty()) {
    const config::CpuSet& cpus = options.worker_cpus[slot % options.worker_cpus.size()];
    if (const int error = run_on(cpus); error != 0) {
      log.warning("--cpu-affinity: CPUs " + config::to_text(cpus) +
                  " are not to be had any more: " + std::string(ipc::error_text(error)) +
                  "; this worker runs on any");
    }
  }
  if (options.nice && ::setpriority(PRIO_PROCESS, 0, *options.nice) != 0) {
    throw std::runtime_error("--nice " + std::to_string(*options.nice) + ": " +
                             std::string(ipc::error_text(errno)) +
                             "; a lower value than the service has takes CAP_SYS_NICE or "
                             "RLIMIT_NICE (LimitNICE=)");
  }
}

}  // namespace prefork::worker
