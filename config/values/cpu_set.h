// CPUs by their numbers, as the kernel counts them. A value; any thread may read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"

namespace prefork::config {

// As many as Linux is configured for at most (CONFIG_NR_CPUS).
inline constexpr std::uint32_t kMostCpus = 8192;

// In rising order, each once, below kMostCpus.
using CpuSet = std::vector<std::uint32_t>;

// `0-3,8`, the list format of cpuset(7), which parse_cpu_set() accepts; empty for none.
std::string to_text(const CpuSet& cpus);

// At least one; not necessarily of this machine.
Result<CpuSet> parse_cpu_set(std::string_view text);

}  // namespace prefork::config
