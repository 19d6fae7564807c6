#include "tests/support/processes.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace prefork::test {

namespace {

struct Stat {
  char state = '?';
  pid_t group = 0;
  double cpu_seconds = 0;
};

// proc(5): pid (comm) state ppid pgrp ... utime (14th) stime (15th).
std::optional<Stat> read_stat(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  pid_t parent = 0;
  fields >> stat.state >> parent >> stat.group;
  std::string skipped;
  for (int i = 0; i < 8; ++i) {
    fields >> skipped;
  }
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  stat.cpu_seconds = (user_ticks + system_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return stat;
}

bool runs(const Stat& stat) { return stat.state != 'Z' && stat.state != 'X'; }

std::vector<pid_t> find(pid_t group, bool (*wanted)(const Stat&)) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) {
      continue;
    }
    const auto stat = read_stat(pid);
    if (stat && stat->group == group && wanted(*stat)) {
      found.push_back(pid);
    }
  }
  return found;
}

}  // namespace

std::vector<pid_t> processes_of_group(pid_t group) { return find(group, runs); }

std::vector<pid_t> zombies_of_group(pid_t group) {
  return find(group, [](const Stat& stat) { return !runs(stat); });
}

bool is_running(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat && runs(*stat);
}

std::string title_of(pid_t pid) {
  std::string title = read_file("/proc/" + std::to_string(pid) + "/cmdline");
  title.erase(std::find(title.begin(), title.end(), '\0'), title.end());
  return title;
}

double cpu_seconds_of(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->cpu_seconds : 0;
}

}  // namespace prefork::test
