#include "tests/support/system_calls.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace prefork::test {
namespace {

constexpr int kSystemCallStop = SIGTRAP | 0x80;  // with PTRACE_O_TRACESYSGOOD

// ptrace() takes numbers as pointers.
bool trace(__ptrace_request request, pid_t thread, std::uintptr_t data = 0) {
  return ::ptrace(request, thread, nullptr, data) == 0;
}

std::filesystem::directory_iterator tasks_of(pid_t process) {
  return std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task");
}

// A thread that is traced from construction to destruction; it goes on when step() has been called
// for the first time.
class TracedThread {
 public:
  explicit TracedThread(pid_t thread)
      : thread_(thread), attached_(trace(PTRACE_SEIZE, thread, PTRACE_O_TRACESYSGOOD)) {
    if (attached_) trace(PTRACE_INTERRUPT, thread_);
  }
  ~TracedThread() {
    // It can be let go only while it stands.
    if (!attached_ || !trace(PTRACE_INTERRUPT, thread_)) return;
    int status = 0;
    if (::waitpid(thread_, &status, __WALL) == thread_ && WIFSTOPPED(status)) {
      trace(PTRACE_DETACH, thread_, signal_of(status));
    }
  }
  TracedThread(TracedThread&& other) noexcept
      : thread_(other.thread_), attached_(std::exchange(other.attached_, false)) {}
  TracedThread& operator=(TracedThread&&) = delete;

  [[nodiscard]] bool is_attached() const { return attached_; }
  // But for the one that attaching interrupted.
  [[nodiscard]] int system_calls() const { return std::max(entries_ - 1, 0); }

  // Lets it go on if it has stopped; false when it has not.
  bool step() {
    int status = 0;
    if (!attached_ || ::waitpid(thread_, &status, __WALL | WNOHANG) != thread_) return false;
    if (!WIFSTOPPED(status)) {
      attached_ = false;  // it has ended
      return false;
    }
    if (WSTOPSIG(status) == kSystemCallStop) {
      inside_ = !inside_;
      if (inside_) ++entries_;
    }
    return trace(PTRACE_SYSCALL, thread_, signal_of(status));
  }

 private:
  // That the stop withheld from it.
  static std::uintptr_t signal_of(int status) {
    const bool is_event = (status >> 16) != 0;
    const int signal = WSTOPSIG(status);
    return is_event || signal == kSystemCallStop ? 0 : static_cast<std::uintptr_t>(signal);
  }

  pid_t thread_;
  bool attached_;
  bool inside_ = false;  // a system call
  int entries_ = 0;
};

// Whether each thread of the process waits for something, and has not run since `switches`, which
// is what they add up to then.
bool is_asleep(pid_t process, long& switches) {
  long sum = 0;
  bool asleep = true;
  for (const auto& task : tasks_of(process)) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("State:")) asleep = asleep && line.find("(sleeping)") != line.npos;
      if (const std::size_t at = line.find("ctxt_switches:"); at != line.npos) {
        sum += std::stol(line.substr(at + std::strlen("ctxt_switches:")));
      }
    }
  }
  return std::exchange(switches, sum) == sum && asleep;
}

}  // namespace

std::optional<int> count_system_calls(pid_t process, Milliseconds during) {
  // A process that has said it is ready may have threads that have hardly begun.
  long switches = -1;
  if (!wait_until([&] { return is_asleep(process, switches); })) return std::nullopt;
  std::vector<TracedThread> threads;
  for (const auto& task : tasks_of(process)) {
    threads.emplace_back(std::stoi(task.path().filename().string()));
    if (!threads.back().is_attached()) return std::nullopt;
  }
  const Deadline deadline(during);
  while (!deadline.has_passed()) {
    bool stepped = false;
    for (TracedThread& thread : threads) stepped = thread.step() || stepped;
    if (!stepped) pause_for(Milliseconds{1});
  }
  int calls = 0;
  for (const TracedThread& thread : threads) calls += thread.system_calls();
  return calls;
}

}  // namespace prefork::test
