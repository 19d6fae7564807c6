// How many processes the kernel has killed in the server's cgroup for want of memory: memory.events
// of the unified hierarchy, memory.oom_control of the first (cgroups(7)). Master only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prefork::master {

class OomKills {
 public:
  // Of this process's cgroup.
  OomKills();
  // Of the one that this file tells of.
  explicit OomKills(std::string file);

  // Since the last time, or since it was made. Nothing: no file tells.
  std::optional<std::uint64_t> take_new();

 private:
  [[nodiscard]] std::optional<std::uint64_t> read() const;

  std::string file_;
  std::optional<std::uint64_t> seen_;
};

// The file that tells, for what /proc/self/cgroup says; empty: none does.
std::string oom_file(std::string_view cgroups);

}  // namespace prefork::master
