// Children that are killed within what they do, at an instruction that the test chooses: the
// processor traps after each, and the child kills itself when it has counted enough. For the test's
// own thread.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "ipc/base/check.h"
#include "ipc/base/process_key.h"
#include "tests/unit/ipc/processes.h"

namespace prefork::ipc::testing_ipc {

// How often processes are killed; PREFORK_KILLS says it for long runs.
inline int kills(int usual) {
  const char* const wanted = std::getenv("PREFORK_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : usual;
}

// x86-64 can trap by itself. Sanitizers have instructions and signals of their own.
#if defined(__x86_64__) && !defined(PREFORK_SANITIZE_BUILD)
inline constexpr bool kCanCountInstructions = true;
inline void set_trap(bool on) {
  constexpr unsigned long long kTrapFlag = 0x100;
  const unsigned long long flags = __builtin_ia32_readeflags_u64();
  __builtin_ia32_writeeflags_u64(on ? flags | kTrapFlag : flags & ~kTrapFlag);
}
#else
inline constexpr bool kCanCountInstructions = false;
inline void set_trap(bool) {}
#endif

struct InstructionCount {
  std::atomic<long> counted{0};
  std::atomic<long> last{std::numeric_limits<long>::max()};
};
inline InstructionCount* instruction_count = nullptr;

inline void count_instruction(int) {
  const long number = instruction_count->counted.load(std::memory_order_relaxed) + 1;
  instruction_count->counted.store(number, std::memory_order_relaxed);
  if (number > instruction_count->last.load(std::memory_order_relaxed)) {
    ::kill(::getpid(), SIGKILL);
  }
}

// Runs act() in a child that executes at most that many instructions of it. Returns how many it
// did.
template <typename Act>
long run_instructions(Act act, long at_most) {
  SharedValue<InstructionCount> count;
  count->last = at_most;
  const pid_t pid = ::fork();
  PREFORK_CHECK(pid >= 0);
  if (pid == 0) {
    instruction_count = &*count;
    ProcessKey::own();  // so that it is not found out on the way
    struct sigaction trap {};
    trap.sa_handler = count_instruction;
    ::sigaction(SIGTRAP, &trap, nullptr);
    set_trap(true);
    act();
    set_trap(false);
    ::_exit(0);
  }
  ::waitpid(pid, nullptr, 0);
  return count->counted;
}

// Again and again: prepare(), a child that begins act() and is killed at some instruction of it,
// check(). Every instruction, if there are few, else another choice of them in each run.
template <typename Prepare, typename Act, typename Check>
void kill_at_every_instruction(Prepare prepare, Act act, Check check) {
  if (!kCanCountInstructions) {
    GTEST_SKIP() << "instructions cannot be counted here";
  }
  prepare();
  const long length = run_instructions(act, std::numeric_limits<long>::max());
  check();
  constexpr long kAffordable = 100'000;  // instructions, some microseconds each
  const int usual = static_cast<int>(std::clamp<long>(kAffordable / length, 10, 60));
  const long times = std::min<long>(kills(usual), length);
  std::mt19937 random{std::random_device{}()};
  for (long i = 0; i < times; ++i) {
    const long from = length * i / times;
    const long to = std::max(from, length * (i + 1) / times - 1);
    const long instruction = std::uniform_int_distribution<long>(from, to)(random);
    SCOPED_TRACE("killed after instruction " + std::to_string(instruction) + " of " +
                 std::to_string(length));
    prepare();
    run_instructions(act, instruction);
    check();
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
}

}  // namespace prefork::ipc::testing_ipc
