#include "workers/child/child.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#if defined(PREFORK_COVERAGE_BUILD)
extern "C" void __gcov_dump();
#endif

namespace prefork::child {

namespace {

// No table of descriptors is larger (the kernel's fs.nr_open by default).
constexpr rlim_t kMostFds = 1U << 20U;

// What is open, where the kernel does not close a range by itself (before Linux 5.9, and where a
// container refuses the call): as /proc tells, or every number there may be.
void close_range_one_by_one(unsigned first, unsigned last) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  unsigned most = static_cast<unsigned>(std::min<rlim_t>(files.rlim_max, kMostFds));
  if (DIR* const folder = ::opendir("/proc/self/fd")) {
    most = 0;
    while (const dirent* const entry = ::readdir(folder)) {
      most = std::max(most, static_cast<unsigned>(std::atoi(entry->d_name)));
    }
    ::closedir(folder);
  }
  for (unsigned fd = first; fd <= std::min(last, most); ++fd) {
    ::close(static_cast<int>(fd));
  }
}

void close_all_from_to(unsigned first, unsigned last) {
  if (::close_range(first, last, 0) != 0) {
    close_range_one_by_one(first, last);
  }
}

}  // namespace

void die_with(int master_pid) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != master_pid) {
    leave(1);  // it died before the line above
  }
}

void close_other_fds(std::span<const int> keep) {
  std::vector<unsigned> kept;
  for (const int fd : keep) {
    if (fd > STDERR_FILENO) {
      kept.push_back(static_cast<unsigned>(fd));
    }
  }
  std::sort(kept.begin(), kept.end());
  unsigned first = STDERR_FILENO + 1;
  for (const unsigned fd : kept) {
    if (fd > first) {
      close_all_from_to(first, fd - 1);
    }
    first = std::max(first, fd + 1);
  }
  close_all_from_to(first, std::numeric_limits<unsigned>::max());
}

void close_inherited(std::span<const int> fds) {
  for (const int fd : fds) {
    ::close(fd);
  }
}

void leave(int exit_code) {
#if defined(__SANITIZE_ADDRESS__)
  if (exit_code == 0 && __lsan_do_recoverable_leak_check() != 0) {
    exit_code = 99;
  }
#endif
#if defined(PREFORK_COVERAGE_BUILD)
  __gcov_dump();
#endif
  ::_exit(exit_code);
}

void end(int exit_code) {
  if (exit_code != 0) {
    leave(exit_code);
  }
  std::exit(0);
}

}  // namespace prefork::child
