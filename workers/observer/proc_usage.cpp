#include "workers/observer/proc_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace prefork::observer {

std::optional<ProcUsage> read_proc_usage(std::int32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  // The second field is the name in parentheses, which may hold anything: fields are counted from
  // behind the last parenthesis, where the third one begins.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  constexpr int kFirstField = 3;
  constexpr int kUserTime = 14;
  constexpr int kSystemTime = 15;
  constexpr int kResidentPages = 24;
  std::istringstream fields(line.substr(name_end + 1));
  std::uint64_t ticks = 0;
  std::uint64_t pages = 0;
  std::string field;
  for (int number = kFirstField; number <= kResidentPages && fields >> field; ++number) {
    if (number == kUserTime || number == kSystemTime) {
      ticks += std::stoull(field);
    } else if (number == kResidentPages) {
      pages = std::stoull(field);
    }
  }
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ProcUsage{ticks * 1'000'000 / ticks_per_second,
                   pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

// "Pss:                1234 kB"
std::optional<std::uint64_t> read_proportional_bytes(std::int32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string name;
  while (file >> name) {
    std::uint64_t kilobytes = 0;
    if (name == "Pss:" && file >> kilobytes) {
      return kilobytes << 10;
    }
    std::getline(file, name);
  }
  return std::nullopt;
}

}  // namespace prefork::observer
