// How many workers `auto` means on this machine: the smaller of the CPUs this process may run on
// and the CPU quota of its cgroups (version 2 or 1), rounded up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace prefork::config {

struct AutoWorkers {
  std::uint32_t workers = 1;  // 1 to kMaxWorkers
  std::string basis;          // `4 CPUs by affinity, CPU quota 1.5`
};

// CPUs in the affinity mask of this process, at least 1.
std::uint32_t affinity_cpus();

// The quota in CPUs, the smallest of this process's cgroup and all above it; nothing when there is
// none. `root` is the folder that holds `proc` and `sys`.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

AutoWorkers choose_auto_workers(std::uint32_t affinity, std::optional<double> quota);

}  // namespace prefork::config
