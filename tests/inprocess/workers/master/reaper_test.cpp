#include "workers/master/reaper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace prefork::master {
namespace {

void ignore(const Reaped& /*ended*/) {}

// Returns when it has ended; the kernel keeps what there is to tell of it.
template <typename Main>
pid_t run_to_its_end(Main child_main) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    child_main();
    ::_exit(0);
  }
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  return pid;
}

TEST(Reaper, TellsTheExitCodeOfAProcessThatHasEnded) {
  const pid_t pid = run_to_its_end([] { ::_exit(7); });
  const auto reaped = reap_one(ignore);
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->pid, pid);
  EXPECT_EQ(reaped->exit.code, 7);
  EXPECT_EQ(reaped->exit.signal, 0);
  EXPECT_FALSE(reaped->exit.core);
  EXPECT_FALSE(reap_one(ignore)) << "there was only one";
}

TEST(Reaper, TellsTheSignalThatEndedIt) {
  run_to_its_end([] { ::raise(SIGKILL); });
  const auto reaped = reap_one(ignore);
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->exit.code, 0);
  EXPECT_EQ(reaped->exit.signal, SIGKILL);
}

TEST(Reaper, TellsWhatAProcessHasUsedWhileTheKernelStillKnowsIt) {
  const pid_t pid = run_to_its_end([] {
    const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 50;
    while (std::clock() < end) {
    }
  });
  std::uint64_t told_us = 0;
  const auto reaped = reap_one([&](const Reaped& ended) {
    EXPECT_EQ(ended.pid, pid);
    EXPECT_EQ(::kill(pid, 0), 0);
    told_us = ended.exit.cpu_us;
  });
  EXPECT_NE(::kill(pid, 0), 0);
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->exit.cpu_us, told_us);
  EXPECT_GE(told_us, 15'000U);
}

}  // namespace
}  // namespace prefork::master
