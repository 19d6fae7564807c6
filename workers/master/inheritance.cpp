#include "workers/master/inheritance.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "workers/child/child.h"

namespace prefork::master {

ipc::OwnedFd duplicate(int fd) {
  ipc::OwnedFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy.valid()) {
    throw std::system_error(errno, std::generic_category(), "a descriptor of the program before");
  }
  return copy;
}

std::vector<int> duplicates(const std::vector<int>& fds) {
  std::vector<ipc::OwnedFd> copies;
  copies.reserve(fds.size());
  for (const int fd : fds) {
    copies.push_back(duplicate(fd));
  }
  std::vector<int> numbers;
  numbers.reserve(copies.size());
  for (ipc::OwnedFd& copy : copies) {
    numbers.push_back(copy.release());
  }
  return numbers;
}

void set_inheritable(std::span<const int> fds, bool stay_open) {
  for (const int fd : fds) {
    ::fcntl(fd, F_SETFD, stay_open ? 0 : FD_CLOEXEC);
  }
}

void become_helper(pid_t master) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_DFL);
  child::die_with(master);
}

}  // namespace prefork::master
