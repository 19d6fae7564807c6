#include "workers/master/fork_servers.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workers/master/reaper.h"

namespace prefork::master {
namespace {

// An application that crashes while it is loaded takes its fork server with it, sooner or later
// than the master orders a worker: that it has ended is told once, with how.
TEST(ForkServers, AnOrderToOneThatHasEndedFailsWithItsEnd) {
  ForkServers servers;
  const auto ends_at_once = [](int) { ::_exit(3); };
  const ipc::ControlPair pipes = ipc::make_control_pair();
  supervision::action::Spawn spawn;
  spawn.generation = 2;
  EXPECT_EQ(servers.order(spawn, pipes.child, 0, ends_at_once), 0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(servers.order(spawn, pipes.child, 0, ends_at_once), 0);
  const auto reaped = reap_one([](const Reaped&) {});
  ASSERT_TRUE(reaped);
  const auto lost = servers.on_reaped(reaped->pid, reaped->exit);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->generation, 2U);
  EXPECT_EQ(lost->exit.code, 3);
  EXPECT_FALSE(lost->was_dismissed);
  EXPECT_FALSE(reap_one([](const Reaped&) {})) << "no other one was started";
}

}  // namespace
}  // namespace prefork::master
