#include "workers/child/process_limits.h"

#include <sys/resource.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "ipc/base/error_text.h"

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

// The second half of the fourth field: "0.20 0.18 0.12 1/340 11206" (proc_loadavg(5)).
std::string threads_of_the_machine() {
  std::ifstream file("/proc/loadavg");
  std::string field;
  for (int number = 1; number <= 4 && file >> field; ++number) {
  }
  const std::size_t slash = field.find('/');
  return slash == std::string::npos ? "" : field.substr(slash + 1);
}

// " -n 1024"; empty: there is none.
std::string limit_of(char option, __rlimit_resource_t resource, rlim_t unit) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return "";
  }
  return std::string(" -") + option + " " + std::to_string(limit.rlim_cur / unit);
}

// What bounds the memory of one process, the stacks of its threads with it.
std::string describe_memory_limits() {
  return limit_of('v', RLIMIT_AS, 1024) + limit_of('d', RLIMIT_DATA, 1024);
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
  const std::string running = threads_of_the_machine();
  const std::string possible = first_word_of("/proc/sys/kernel/threads-max");
  if (!running.empty() && !possible.empty()) {
    text += "; the machine has " + running + ", its threads-max is " + possible;
  }
  if (const std::string memory = describe_memory_limits(); !memory.empty()) {
    text += "; ulimit" + memory;
  }
  return text + ")";
}

std::string remedy_for(int error) {
  switch (error) {
    case EAGAIN:
      return " " + describe_process_limits();
    case ENOMEM: {
      const std::string memory = describe_memory_limits();
      return (memory.empty() ? " (" : " (ulimit" + memory + "; ") +
             "the machine's or the cgroup's memory: memory.max, vm.overcommit_memory)";
    }
    case EMFILE:
      return " (ulimit" + limit_of('n', RLIMIT_NOFILE, 1) + "; LimitNOFILE= of systemd)";
    case ENFILE:
      return " (the machine's fs.file-max)";
    case EFBIG:
      return " (ulimit" + limit_of('f', RLIMIT_FSIZE, 1024) + "; LimitFSIZE= of systemd)";
    default:
      return "";
  }
}

std::string describe_failure(const std::exception& error) {
  const auto* const of_system = dynamic_cast<const std::system_error*>(&error);
  return error.what() + (of_system != nullptr ? remedy_for(of_system->code().value()) : "");
}

std::string describe_failed_fork(int error) {
  return "no process could be made for it: " + std::string(ipc::error_text(error)) +
         (error == EPIPE ? " (its fork server has ended)" : remedy_for(error));
}

}  // namespace prefork::child
