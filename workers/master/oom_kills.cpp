#include "workers/master/oom_kills.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace prefork::master {

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

// "0::/service" of the unified hierarchy, "4:memory:/service" of the first. Where both are
// mounted, memory may be of either: that which names it is.
std::string oom_file(std::string_view cgroups) {
  std::string unified;
  while (!cgroups.empty()) {
    const std::string_view line = cgroups.substr(0, cgroups.find('\n'));
    cgroups.remove_prefix(std::min(cgroups.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) {
      continue;
    }
    const std::string controllers =
        "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const std::string path(line.substr(second + 1));
    if (controllers.find(",memory,") != controllers.npos) {
      return "/sys/fs/cgroup/memory" + path + "/memory.oom_control";
    }
    if (line.starts_with("0::")) {
      unified = "/sys/fs/cgroup" + path + "/memory.events";
    }
  }
  return unified;
}

OomKills::OomKills() : OomKills(oom_file(content_of("/proc/self/cgroup"))) {}

OomKills::OomKills(std::string file) : file_(std::move(file)), seen_(read()) {}

std::optional<std::uint64_t> OomKills::take_new() {
  const std::optional<std::uint64_t> now = read();
  if (!now) {
    return std::nullopt;
  }
  const std::uint64_t before = std::exchange(seen_, now).value_or(*now);
  return *now > before ? *now - before : 0;
}

std::optional<std::uint64_t> OomKills::read() const {
  std::ifstream file(file_);
  std::string name;
  std::uint64_t number = 0;
  while (file >> name >> number) {
    if (name == "oom_kill") {
      return number;
    }
  }
  return std::nullopt;
}

}  // namespace prefork::master
