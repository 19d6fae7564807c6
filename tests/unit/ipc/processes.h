// What the tests of ipc/ need to play several processes: a child that runs a function and ends with
// the test's failure as its exit code, memory shared with it, and a gate to wait for each other
// without sleeping. Each object belongs to the test's own thread.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>
#include <type_traits>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/owned_fd.h"

namespace prefork::ipc::testing_ipc {

// Runs `body` in a fork. What is still alive at the end of the test is killed.
class ForkedChild {
 public:
  template <typename Body>
  explicit ForkedChild(Body body) {
    std::fflush(nullptr);
    pid_ = ::fork();
    PREFORK_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      run(std::move(body));
    }
  }
  ~ForkedChild() {
    if (pid_ > 0) {
      kill_and_wait();
    }
  }
  ForkedChild(ForkedChild&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ForkedChild(const ForkedChild&) = delete;
  ForkedChild& operator=(const ForkedChild&) = delete;
  ForkedChild& operator=(ForkedChild&&) = delete;

  // The exit code, or 128 and the signal's number as a shell has it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) {
      PREFORK_CHECK(errno == EINTR);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // Does not wait, and leaves what wait() would return.
  [[nodiscard]] bool has_ended() const {
    siginfo_t about{};
    PREFORK_CHECK(::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) ==
                  0);
    return about.si_pid != 0;
  }

  void kill() { ::kill(pid_, SIGKILL); }

  int kill_and_wait() {
    kill();
    return wait();
  }

 private:
  template <typename Body>
  [[noreturn]] static void run(Body body) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }

  pid_t pid_ = -1;
};

// One object in memory that survives the fork as the same memory in both processes.
template <typename Value>
class SharedValue {
 public:
  SharedValue()
      : memory_(::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) {
    static_assert(std::is_trivially_destructible_v<Value>);
    PREFORK_CHECK(memory_ != MAP_FAILED);
    value_ = new (memory_) Value;
  }
  ~SharedValue() { ::munmap(memory_, sizeof(Value)); }
  SharedValue(const SharedValue&) = delete;
  SharedValue& operator=(const SharedValue&) = delete;

  Value& operator*() const { return *value_; }
  Value* operator->() const { return value_; }

 private:
  void* memory_;
  Value* value_ = nullptr;
};

// Opened once for each one that waits. A pipe: it works from any process to any process.
class Gate {
 public:
  Gate() {
    int ends[2];
    PREFORK_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }
  void open() { PREFORK_CHECK(::write(write_end_.get(), "", 1) == 1); }
  void wait() {
    // The other side may have failed before it came here: then fail too instead of hanging.
    pollfd readable{read_end_.get(), POLLIN, 0};
    PREFORK_CHECK(::poll(&readable, 1, kGiveUpMs) == 1);
    char byte = 0;
    PREFORK_CHECK(::read(read_end_.get(), &byte, 1) == 1);
  }

 private:
  static constexpr int kGiveUpMs = 20'000;

  OwnedFd read_end_;
  OwnedFd write_end_;
};

// For a child that stands still until it is killed.
[[noreturn]] inline void stand_still() {
  for (;;) {
    ::pause();
  }
}

}  // namespace prefork::ipc::testing_ipc
