// The two processes that exist once: without the master nothing stays, without the observer nothing
// is missed but the statistics.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

TEST(AKilledMaster, LeavesNoProcessAfterASecond) {
  ServerProcess server({"--workers", "4"});
  ASSERT_GE(processes_of_group(server.pid()).size(), 6U);
  server.send_signal(SIGKILL);
  EXPECT_EQ(server.wait_for_exit(), killed_by(SIGKILL));
  EXPECT_TRUE(no_process_left(server.pid(), kASecond));
}

TEST(AKilledMaster, TakesBusyAndStoppedWorkersWithIt) {
  ServerProcess server({"--workers", "2"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=20000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  ::kill(server.worker_pid(0), SIGSTOP);
  server.send_signal(SIGKILL);
  EXPECT_EQ(server.wait_for_exit(), killed_by(SIGKILL));
  EXPECT_TRUE(no_process_left(server.pid(), kASecond));
}

TEST(AKilledMaster, DuringAReloadLeavesNoProcess) {
  for (int round = 0; round < 10; ++round) {
    ServerProcess server({"--workers", "4"});
    server.send_signal(SIGHUP);
    pause_for(Milliseconds{round * 2});
    server.send_signal(SIGKILL);
    EXPECT_EQ(server.wait_for_exit(), killed_by(SIGKILL));
    ASSERT_TRUE(no_process_left(server.pid(), kASecond));
  }
}

TEST(AKilledObserver, ComesBackAndServingGoesOn) {
  const ServerProcess server({"--workers", "2"});
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(50));
  const pid_t before = server.statistics()["server"]["observer_pid"].get<pid_t>();
  const auto workers = server.worker_pids();
  ::kill(before, SIGKILL);
  EXPECT_TRUE(server.wait_for_statistics(
      [before](const Json& report) {
        return report["server"]["observer_pid"] != before &&
               report["server"]["observer_restarts"] == 1;
      },
      kASecond * 2));
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.worker_pids(), workers);
  EXPECT_EQ(server.statistics()["totals"]["requests"], report.answered) << "nothing was forgotten";
  EXPECT_TRUE(server.has_logged(
      {"observer (pid " + std::to_string(before) + ") ended: signal 9 (SIGKILL)"}));
}

TEST(AStoppedObserver, IsReplacedAndServingGoesOn) {
  const ServerProcess server({"--workers", "2", "--timeout-worker-healthcheck", "2s"});
  const pid_t before = server.statistics()["server"]["observer_pid"].get<pid_t>();
  ::kill(before, SIGSTOP);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  EXPECT_TRUE(server.wait_for_statistics(
      [before](const Json& report) { return report["server"]["observer_pid"] != before; },
      kASecond * 8));
  EXPECT_TRUE(server.has_logged({"observer", "gave no sign of life"}));
}

TEST(AShortHealthCheck, HitsNobodyWhoIsHealthy) {
  const ServerProcess server({"--workers", "1", "--timeout-worker-healthcheck", "500ms"});
  const Json before = server.statistics()["server"]["observer_pid"];
  const pid_t worker = server.worker_pid(0);
  const Deadline deadline(Milliseconds{3000});
  while (!deadline.has_passed()) {
    ASSERT_EQ(server.statistics()["server"]["observer_pid"], before);
    pause_for(Milliseconds{50});
  }
  EXPECT_EQ(server.worker_pid(0), worker);
}

}  // namespace
}  // namespace prefork::test
