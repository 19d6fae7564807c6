#include "workers/master/application_check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include "ipc/base/error_text.h"
#include "ipc/base/owned_fd.h"
#include "server/native/native_application.h"
#include "workers/child/child.h"
#include "workers/child/privileges.h"
#include "workers/master/narrator.h"
#include "workers/master/reaper.h"
#include "workers/master/sealed_copy.h"

namespace prefork::master {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxProblemBytes = 4096;

// In the child. Nothing is said but what is wrong.
config::Result<void> load_as_a_worker(const native::ApplicationFile& file,
                                      const config::Options& options) {
  if (auto entered = child::enter_service(options); !entered.ok()) {
    return entered;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto loaded = native::NativeApplication::load(file, options.application,
                                                      [](config::LogLevel, std::string_view) {});
  return loaded.ok() ? config::Result<void>() : loaded.problem();
}

[[noreturn]] void load(const native::ApplicationFile& file, const config::Options& options,
                       int result) {
  const auto loaded = load_as_a_worker(file, options);
  if (loaded.ok()) {
    child::leave(0);
  }
  const std::string text = loaded.problem().text.substr(0, kMaxProblemBytes);
  [[maybe_unused]] const ssize_t written = ::write(result, text.data(), text.size());
  child::leave(1);
}

// What the child says, until it has closed its end. False: not within the time.
bool read_to_the_end(int fd, std::chrono::milliseconds within, std::string& said) {
  const auto deadline = Clock::now() + within;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd readable{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0) {
      return false;
    }
    std::array<char, kMaxProblemBytes> bytes;
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return true;
    }
    said.append(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }
}

config::Problem system_problem(const char* call) {
  return config::Problem{std::string("--check-config: ") + call + ": " +
                         std::string(ipc::error_text(errno))};
}

config::Result<void> load_in_child(const native::ApplicationFile& file,
                                   const config::Options& options) {
  const std::chrono::milliseconds within = options.processes.boot_timeout;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_problem("pipe");
  }
  const ipc::OwnedFd read_end(ends[0]);
  ipc::OwnedFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return system_problem("fork");
  }
  if (pid == 0) {
    load(file, options, write_end.get());
  }
  write_end.reset();
  std::string said;
  const bool in_time = read_to_the_end(read_end.get(), within, said);
  if (!in_time) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    return config::Problem{"'" + file.path +
                           "' was not loaded within its boot deadline (--timeout-worker-boot)"};
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {};
  }
  if (!said.empty()) {
    return config::Problem{said};
  }
  return config::Problem{ended_while_it_was_loaded(file.path, exit_of(status))};
}

}  // namespace

config::Result<void> check_application(const config::Options& options) {
  if (options.target.kind != config::ServeTarget::Kind::application) {
    return {};
  }
  const auto copy = make_sealed_copy(options.target.path);
  if (!copy.ok()) {
    return copy.problem();
  }
  return load_in_child({options.target.path, copy.value().get()}, options);
}

}  // namespace prefork::master
