#include "config/checks/cpu_count.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>

#include "config/base/number.h"
#include "config/checks/cpu_topology.h"
#include "config/options/options.h"

namespace prefork::config {
namespace {

using std::filesystem::path;

std::optional<std::string> first_line(const path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return line;
}

std::optional<double> quota_of(std::string_view quota_us, std::string_view period_us) {
  // `max` (version 2) and -1 (version 1) stand for no quota.
  const auto quota = parse_number(quota_us);
  const auto period = parse_number(period_us);
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// cpu.max holds `QUOTA PERIOD`.
std::optional<double> read_version_2(const path& folder) {
  const auto line = first_line(folder / "cpu.max");
  if (!line) return std::nullopt;
  const std::size_t space = line->find(' ');
  if (space == line->npos) return std::nullopt;
  const std::string_view text(*line);
  return quota_of(text.substr(0, space), text.substr(space + 1));
}

std::optional<double> read_version_1(const path& folder) {
  const auto quota = first_line(folder / "cpu.cfs_quota_us");
  const auto period = first_line(folder / "cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return quota_of(*quota, *period);
}

using ReadQuota = std::optional<double> (*)(const path&);

void lower(std::optional<double>& smallest, std::optional<double> quota) {
  if (quota && (!smallest || *quota < *smallest)) smallest = quota;
}

// Every cgroup above may have a quota too. In a container the path may be the host's, of which only
// the mount itself can be seen: folders that do not exist say nothing.
std::optional<double> smallest_quota(const path& mount, std::string_view group, ReadQuota read) {
  std::optional<double> smallest = read(mount);
  path folder = mount;
  for (const path& part : path(group).relative_path()) {
    // A group outside of what this process may see is written with `..`.
    if (part == "..") break;
    folder /= part;
    lower(smallest, read(folder));
  }
  return smallest;
}

bool has_controller(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == wanted) return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

std::string cpus(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " CPU" : " CPUs");
}

std::string short_decimal(double number) {
  std::array<char, 32> text{};
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 4)
          .ptr;
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

}  // namespace

std::uint32_t affinity_cpus() { return static_cast<std::uint32_t>(allowed_cpus().size()); }

std::optional<double> cgroup_cpu_quota(const path& root) {
  const path mounts = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  std::optional<double> smallest;
  std::string line;
  while (std::getline(groups, line)) {
    // `ID:CONTROLLERS:PATH`; version 2 has ID 0 and no controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      lower(smallest, smallest_quota(mounts, group, read_version_2));
      lower(smallest, smallest_quota(mounts / "unified", group, read_version_2));
    } else if (has_controller(controllers, "cpu")) {
      // Named after all its controllers; `cpu` by itself is usually a link to it.
      lower(smallest, smallest_quota(mounts / controllers, group, read_version_1));
      lower(smallest, smallest_quota(mounts / "cpu", group, read_version_1));
    }
  }
  return smallest;
}

AutoWorkers choose_auto_workers(std::uint32_t affinity, std::optional<double> quota) {
  AutoWorkers result;
  double wanted = affinity;
  result.basis = cpus(affinity) + " by affinity, ";
  if (quota) {
    wanted = std::min(wanted, std::ceil(*quota));
    result.basis += "CPU quota " + short_decimal(*quota);
  } else {
    result.basis += "no CPU quota";
  }
  result.workers = static_cast<std::uint32_t>(std::clamp(wanted, 1.0, double{kMaxWorkers}));
  return result;
}

}  // namespace prefork::config
