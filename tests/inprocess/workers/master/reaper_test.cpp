#include "workers/master/reaper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace prefork::master {
namespace {

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
  const auto reaped = reap_one();
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->pid, pid);
  EXPECT_EQ(reaped->exit.code, 7);
  EXPECT_EQ(reaped->exit.signal, 0);
  EXPECT_FALSE(reaped->exit.core);
  EXPECT_FALSE(reap_one()) << "there was only one";
}

TEST(Reaper, TellsTheSignalThatEndedIt) {
  run_to_its_end([] { ::raise(SIGKILL); });
  const auto reaped = reap_one();
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->exit.code, 0);
  EXPECT_EQ(reaped->exit.signal, SIGKILL);
}

}  // namespace
}  // namespace prefork::master
