#include "workers/master/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <string>
#include <vector>

#include "config/values/exit_code.h"
#include "ipc/base/error_text.h"
#include "workers/child/child.h"
#include "workers/child/process_limits.h"
#include "workers/child/spawned_child.h"
#include "workers/master/inheritance.h"

namespace prefork::master {

namespace {

// The file itself, whatever its name leads to by now: an upgrade may have put another one there.
constexpr const char* kRunningFile = "/proc/self/exe";

}  // namespace

void become_program(const child::StartOrder& order, const ipc::OwnedFd& written,
                    ipc::ControlEnd& control) {
  std::vector<int> fds = order.inherited();
  fds.push_back(written.get());
  child::close_other_fds(fds);
  for (const int fd : fds) {
    ::fcntl(fd, F_SETFD, 0);
  }
  // By the name that the C library and programs know the master by; the title comes later.
  std::string name = program_invocation_name;
  std::string argument = child::kStartOrderArgument;
  std::string number = std::to_string(written.get());
  const std::array<char*, 4> arguments = {name.data(), argument.data(), number.data(), nullptr};
  ::execve(kRunningFile, arguments.data(), environ);
  const int error = errno;
  control.send({order.epoch, ipc::BootFailedFrame{"the program could not be started anew: " +
                                                  std::string(ipc::error_text(error)) +
                                                  child::remedy_for(error)}});
  child::leave(config::to_int(config::ExitCode::no_worker_booted));
}

pid_t start_helper(const char* argument, int input, int output, int extra) {
  const pid_t master = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) {
    return pid;
  }
  become_helper(master);
  // The copies do not close on exec, but for one that has its number already.
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  if (extra >= 0) {
    ::dup2(extra, kHelperExtraFd);
    ::fcntl(kHelperExtraFd, F_SETFD, 0);
  }
  const std::array<int, 1> keep = {kHelperExtraFd};
  child::close_other_fds(std::span<const int>(keep).first(extra >= 0 ? 1 : 0));
  std::string name = program_invocation_name;
  std::string word = argument;
  const std::array<char*, 3> arguments = {name.data(), word.data(), nullptr};
  ::execve(kRunningFile, arguments.data(), environ);
  child::leave(1);
}

}  // namespace prefork::master
