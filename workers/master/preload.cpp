#include "workers/master/preload.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "ipc/base/owned_fd.h"
#include "workers/child/child.h"

namespace prefork::master {

namespace {

// How often it is looked whether the master has been asked to stop.
constexpr std::chrono::milliseconds kLookEvery{50};
constexpr std::size_t kMaxProblemBytes = 4096;  // of what the rehearsal says

// The name of a thread other than the first; empty: there is none.
std::string name_of_another_thread() {
  const std::string own = std::to_string(::getpid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() != own) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      return name.empty() ? "unknown" : name;
    }
  }
  return {};
}

config::Result<SharedApplication> preload(const std::string& path, prefork_app::Report report) {
  auto loaded = native::NativeApplication::load(path, std::move(report));
  if (!loaded.ok()) {
    return loaded.problem();
  }
  if (const std::string thread = name_of_another_thread(); !thread.empty()) {
    return config::Problem{"--preload: '" + path + "' left a thread named '" + thread +
                           "' running while it was loaded; workers would not have it: start it in "
                           "on_worker_start, or go without --preload"};
  }
  return SharedApplication(std::move(loaded).value());
}

bool is_asked_to_stop() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) {
    return false;
  }
  return ::sigismember(&pending, SIGTERM) == 1 || ::sigismember(&pending, SIGINT) == 1 ||
         ::sigismember(&pending, SIGQUIT) == 1;
}

[[noreturn]] void rehearse(const std::string& path, int result_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  child::close_other_fds(std::array{result_fd});
  auto loaded = preload(path, [](config::LogLevel, std::string_view) {});
  if (!loaded.ok()) {
    const std::string text = loaded.problem().text.substr(0, kMaxProblemBytes);
    [[maybe_unused]] const ssize_t written = ::write(result_fd, text.data(), text.size());
    ::_exit(1);
  }
  ::_exit(0);
}

// Until the child has closed its end; false when it was not waited for any longer.
bool read_to_the_end(int fd, std::chrono::milliseconds within, std::string& said) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < deadline && !is_asked_to_stop()) {
    pollfd readable{fd, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(kLookEvery.count())) <= 0) {
      continue;
    }
    std::array<char, kMaxProblemBytes> bytes;
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got <= 0) {
      return true;
    }
    said.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return false;
}

}  // namespace

config::Result<SharedApplication> load_application(const config::Options& options,
                                                   prefork_app::Report report) {
  if (!options.processes.preload) {
    return SharedApplication();
  }
  return preload(options.target.path, std::move(report));
}

config::Result<void> rehearse_preload(const std::string& path, std::chrono::milliseconds within) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return config::Problem{std::string("--preload: pipe: ") + std::strerror(errno)};
  }
  const ipc::OwnedFd read_end(ends[0]);
  ipc::OwnedFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    rehearse(path, write_end.get());
  }
  if (pid < 0) {
    return config::Problem{std::string("--preload: fork: ") + std::strerror(errno)};
  }
  write_end.reset();
  std::string said;
  const bool ended = read_to_the_end(read_end.get(), within, said);
  if (!ended) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    return config::Problem{"--preload: loading '" + path + "' was not done in time"};
  }
  if (WIFSIGNALED(status)) {
    const char* const name = ::sigabbrev_np(WTERMSIG(status));
    return config::Problem{"--preload: '" + path + "' crashed while it was loaded (SIG" +
                           (name != nullptr ? name : std::to_string(WTERMSIG(status))) + ")"};
  }
  if (WEXITSTATUS(status) != 0) {
    return config::Problem{
        said.empty() ? "--preload: '" + path + "' ended the process that loaded it" : said};
  }
  return {};
}

}  // namespace prefork::master
