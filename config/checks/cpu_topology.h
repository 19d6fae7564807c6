// The CPUs of this machine that this process may run on, by the cores they belong to.
#pragma once

#include <filesystem>
#include <vector>

#include "config/values/cpu_set.h"

namespace prefork::config {

// Of this process's affinity mask (sched_getaffinity(2)), which the kernel keeps inside the CPUs of
// its cgroup (cpuset(7)) and of the machine; never empty.
CpuSet allowed_cpus();

// All that are online; empty where /sys does not say. `root` is the folder that holds `sys`.
CpuSet online_cpus(const std::filesystem::path& root = "/");

// `cpus` in groups, one for each physical core, whose hardware threads share what it can do; a CPU
// of which /sys says nothing is a core of its own. In the order of their first CPUs.
std::vector<CpuSet> cores_of(const CpuSet& cpus, const std::filesystem::path& root = "/");

}  // namespace prefork::config
