#include "workers/child/process_limits.h"

#include <sys/resource.h>

#include <fstream>

namespace prefork::child {

namespace {

std::string first_word_of(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// Of the unified hierarchy, whose line in /proc/self/cgroup begins with "0::" (cgroups(7)).
std::string cgroup_folder() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("0::")) {
      return "/sys/fs/cgroup" + line.substr(3) + "/";
    }
  }
  return "/sys/fs/cgroup/pids/";
}

}  // namespace

std::string describe_process_limits() {
  std::string text = "(ulimit -u ";
  rlimit processes{};
  const bool is_known = ::getrlimit(RLIMIT_NPROC, &processes) == 0;
  text += is_known && processes.rlim_cur != RLIM_INFINITY ? std::to_string(processes.rlim_cur)
                                                          : "unlimited";
  const std::string folder = cgroup_folder();
  const std::string present = first_word_of(folder + "pids.current");
  const std::string most = first_word_of(folder + "pids.max");
  if (!present.empty() && !most.empty()) {
    text += "; the cgroup has " + present + ", its pids.max is " + most;
  }
  return text + ")";
}

}  // namespace prefork::child
