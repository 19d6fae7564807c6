#include "config/checks/cpu_topology.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace prefork::config {
namespace {

using std::filesystem::path;

CpuSet read_list(const path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return {};
  auto cpus = parse_cpu_set(line);
  return cpus.ok() ? std::move(cpus).value() : CpuSet{};
}

}  // namespace

CpuSet allowed_cpus() {
  std::array<cpu_set_t, kMostCpus / CPU_SETSIZE> mask{};
  CpuSet cpus;
  if (sched_getaffinity(0, sizeof(mask), mask.data()) == 0) {
    for (std::uint32_t cpu = 0; cpu < kMostCpus; ++cpu) {
      if (CPU_ISSET_S(cpu, sizeof(mask), mask.data())) cpus.push_back(cpu);
    }
  }
  return cpus.empty() ? CpuSet{0} : cpus;
}

CpuSet online_cpus(const path& root) { return read_list(root / "sys/devices/system/cpu/online"); }

std::vector<CpuSet> cores_of(const CpuSet& cpus, const path& root) {
  std::vector<CpuSet> cores;
  CpuSet rest = cpus;
  while (!rest.empty()) {
    const std::uint32_t first = rest.front();
    const path folder =
        root / "sys/devices/system/cpu" / ("cpu" + std::to_string(first)) / "topology";
    // The older name is the one that every kernel knows.
    const CpuSet siblings = read_list(folder / "thread_siblings_list");
    CpuSet core;
    std::set_intersection(rest.begin(), rest.end(), siblings.begin(), siblings.end(),
                          std::back_inserter(core));
    if (!std::binary_search(core.begin(), core.end(), first)) core = {first};
    CpuSet others;
    std::set_difference(rest.begin(), rest.end(), core.begin(), core.end(),
                        std::back_inserter(others));
    cores.push_back(std::move(core));
    rest = std::move(others);
  }
  return cores;
}

}  // namespace prefork::config
