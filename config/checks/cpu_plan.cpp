#include "config/checks/cpu_plan.h"

#include <algorithm>
#include <iterator>

namespace prefork::config {
namespace {

std::string named(const CpuSet& cpus) {
  return (cpus.size() == 1 ? "CPU " : "CPUs ") + to_text(cpus);
}

CpuSet all_of(const std::vector<CpuSet>& cores) {
  CpuSet all;
  for (const CpuSet& core : cores) all.insert(all.end(), core.begin(), core.end());
  std::sort(all.begin(), all.end());
  return all;
}

// Different cores first, so that two workers share one only when there is no other.
std::vector<CpuSet> single_cpus(const std::vector<CpuSet>& cores) {
  std::vector<CpuSet> singles;
  const std::size_t count = all_of(cores).size();
  for (std::size_t thread = 0; singles.size() < count; ++thread) {
    for (const CpuSet& core : cores) {
      if (thread < core.size()) singles.push_back({core[thread]});
    }
  }
  return singles;
}

// Why `auto` had better not; empty: nothing is against it.
std::string objection(std::uint32_t workers, std::size_t cpu_count, const Cpus& cpus) {
  if (workers > cpu_count) {
    return "there are more workers than CPUs";
  }
  const bool are_ours = !cpus.online.empty() && cpus.allowed.size() < cpus.online.size();
  if (cpus.quota && !are_ours) {
    return "the cgroup has a CPU quota but no CPUs of its own";
  }
  return "";
}

}  // namespace

Result<CpuPlan> choose_cpus(const CpuAffinity& affinity, std::uint32_t workers, const Cpus& cpus) {
  if (affinity.mode == CpuAffinity::Mode::off) return CpuPlan{};
  CpuSet strange;
  std::set_difference(affinity.cpus.begin(), affinity.cpus.end(), cpus.allowed.begin(),
                      cpus.allowed.end(), std::back_inserter(strange));
  if (!strange.empty()) {
    return Problem{named(strange) + " cannot be used; this process may run on " +
                   named(cpus.allowed)};
  }
  const CpuSet used = all_of(cpus.cores);
  if (affinity.mode == CpuAffinity::Mode::automatic) {
    if (const std::string reason = objection(workers, used.size(), cpus); !reason.empty()) {
      return CpuPlan{{}, "workers run on any CPU: " + reason};
    }
  }
  const bool whole_cores = workers <= cpus.cores.size();
  CpuPlan plan;
  plan.workers = whole_cores ? cpus.cores : single_cpus(cpus.cores);
  plan.basis = whole_cores              ? "each worker has a core of its own, of "
               : workers <= used.size() ? "each worker has a CPU of its own, of "
                                        : "workers share the CPUs in turn, of ";
  plan.basis += named(used);
  return plan;
}

}  // namespace prefork::config
