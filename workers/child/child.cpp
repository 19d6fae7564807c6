#include "workers/child/child.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <system_error>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#if defined(PREFORK_COVERAGE_BUILD)
extern "C" void __gcov_dump();
#endif

namespace prefork::child {

ipc::OwnedFd take_over_signals(int master_pid) {
  for (const int signal :
       {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGPIPE, SIGWINCH}) {
    std::signal(signal, SIG_IGN);
  }
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  if (::sigprocmask(SIG_SETMASK, &terminate, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "sigprocmask");
  }
  ipc::OwnedFd signal_fd(::signalfd(-1, &terminate, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signal_fd.valid()) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  // The closed command pipe tells a healthy child that the master is gone; this also ends one that
  // hangs or is stopped.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != master_pid) {
    leave(1);  // it died before the line above
  }
  return signal_fd;
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
      ::close_range(first, fd - 1, 0);
    }
    first = std::max(first, fd + 1);
  }
  ::close_range(first, std::numeric_limits<unsigned>::max(), 0);
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

void drain_signals(int signal_fd) {
  std::array<signalfd_siginfo, 8> signals{};
  while (::read(signal_fd, signals.data(), sizeof signals) > 0) {
  }
}

}  // namespace prefork::child
