#include "tests/support/child_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <ostream>
#include <system_error>

#include "tests/support/processes.h"
#include "tests/support/tested_build.h"

namespace prefork::test {

namespace {

// Above every number a test asks for.
constexpr int kParkedFds = 200;

std::vector<std::string> environment_of(const Launch& launch) {
  // Two entries of one name would leave the choice to whoever reads them, so the test's own
  // replaces what is carried on.
  std::map<std::string, std::string> values = launch.environment;
  for (const char* name :
       {"PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {
      values.try_emplace(name, value);
    }
  }
  std::vector<std::string> texts;
  for (const auto& [name, value] : values) {
    texts.push_back(name + "=" + value);
  }
  return texts;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// The test program has threads: between fork and exec only system calls.
[[noreturn]] void become_program(const Launch& launch, char* const* arguments,
                                 char* const* environment, pid_t parent) {
  if (launch.terminal >= 0) {
    ::setsid();
    ::ioctl(launch.terminal, TIOCSCTTY, 0);
  } else {
    ::setpgid(0, 0);
  }
  const bool has_own_mounts = launch.without_proc || !launch.cgroup_folder.empty();
  if (has_own_mounts && (::unshare(CLONE_NEWNS) != 0 ||
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)) {
    ::_exit(124);
  }
  if (launch.without_proc && ::umount2("/proc", MNT_DETACH) != 0) {
    ::_exit(124);
  }
  if (!launch.cgroup_folder.empty() &&
      ::mount(launch.cgroup_folder.c_str(), "/sys/fs/cgroup", nullptr, MS_BIND, nullptr) != 0) {
    ::_exit(124);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int out = ::open(launch.stdout_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, STDOUT_FILENO);
  const int err = ::open(launch.stderr_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(err, STDERR_FILENO);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, STDIN_FILENO);
  // In two steps, because one descriptor's number may be another's place.
  std::array<int, 16> parked{};
  std::size_t count = 0;
  for (const auto& [wanted, here] : launch.descriptors) {
    parked.at(count++) = ::fcntl(here, F_DUPFD, kParkedFds);
  }
  count = 0;
  for (const auto& [wanted, here] : launch.descriptors) {
    ::dup2(parked.at(count++), wanted);
  }
  int next = STDERR_FILENO + 1;
  for (const auto& [wanted, here] : launch.descriptors) {
    if (wanted > next) {
      ::close_range(static_cast<unsigned>(next), static_cast<unsigned>(wanted) - 1, 0);
    }
    next = wanted + 1;
  }
  ::close_range(static_cast<unsigned>(next), ~0U, 0);
  if (launch.without_standard_descriptors) {
    ::close_range(STDIN_FILENO, STDERR_FILENO, 0);
  }
  if (launch.limit_open_files) {
    const rlimit limit{*launch.limit_open_files, *launch.limit_open_files};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (launch.limit_open_files_softly) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = *launch.limit_open_files_softly;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (launch.limit_processes) {
    const rlimit limit{*launch.limit_processes, *launch.limit_processes};
    ::setrlimit(RLIMIT_NPROC, &limit);
  }
  for (const int signal : launch.ignored_signals) {
    std::signal(signal, SIG_IGN);
  }
  if (launch.user && (::setgid(*launch.user) != 0 || ::setuid(*launch.user) != 0)) {
    ::_exit(126);
  }
  if (!launch.working_folder.empty() && ::chdir(launch.working_folder.c_str()) != 0) {
    ::_exit(124);
  }
  if (::getppid() != parent) {
    ::_exit(125);
  }
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Launch launch_of(const std::vector<std::string>& arguments) {
  Launch launch;
  launch.arguments = arguments;
  launch.environment["PREFORK_CONTROL"] = "off";
  return launch;
}

std::ostream& operator<<(std::ostream& stream, const Exit& exit) {
  if (exit.signal != 0) {
    return stream << "signal " << exit.signal;
  }
  return stream << "exit code " << exit.code;
}

ChildProcess::ChildProcess(const Launch& launch) {
  std::vector<std::string> arguments = launch.arguments;
  arguments.insert(arguments.begin(), launch.program.empty() ? server_binary() : launch.program);
  std::vector<std::string> environment = environment_of(launch);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    become_program(launch, argument_pointers.data(), environment_pointers.data(), parent);
  }
  if (pid_ < 0) {
    throw std::system_error(errno, std::generic_category(), "fork");
  }
  // Here too: whoever is first, nobody sees it in our own group. Who leads one cannot begin a
  // session.
  if (launch.terminal < 0) {
    ::setpgid(pid_, pid_);
  }
}

ChildProcess::~ChildProcess() {
  if (!has_ended()) {
    ::kill(pid_, SIGKILL);
    wait(kPatience);
  }
  for (const pid_t left : processes_of_group(pid_)) {
    ::kill(left, SIGKILL);
  }
}

std::optional<Exit> ChildProcess::wait(Milliseconds within) {
  wait_until(
      [this] {
        int status = 0;
        if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
          exit_ =
              WIFSIGNALED(status) ? killed_by(WTERMSIG(status)) : exit_code(WEXITSTATUS(status));
        }
        return exit_.has_value();
      },
      within);
  return exit_;
}

}  // namespace prefork::test
