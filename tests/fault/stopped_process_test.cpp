// Processes that do not die but stand still.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

TEST(AStoppedWorker, IsReplacedAfterItsDeadlineWhileOthersServeEveryNewConnection) {
  const ServerProcess server({"--workers", "4", "--timeout-worker-healthcheck", "1s"});
  const pid_t victim = server.worker_pid(1);
  ::kill(victim, SIGSTOP);
  const auto start = TestClock::now();
  Milliseconds slowest{0};
  for (int i = 0; i < 100; ++i) {
    const auto asked = TestClock::now();
    const Reply reply = get(server.url(), "/plaintext", kASecond);
    slowest = std::max(slowest, elapsed_since(asked));
    ASSERT_EQ(reply.status, 200) << "connection " << i << ": " << reply;
  }
  EXPECT_LT(slowest, kASecond) << "what was handed to it before anybody knew is not lost";
  EXPECT_TRUE(server.wait_for_statistics(
      [victim](const Json& report) {
        const Json& worker = report["workers"][1];
        return worker["state"] == "ready" && worker["pid"] != victim;
      },
      kASecond * 5));
  EXPECT_GE(elapsed_since(start), Milliseconds{1000});
  EXPECT_TRUE(server.has_logged({"worker 1 (pid " + std::to_string(victim) + ")",
                                 "gave no sign of life for", "it gets SIGABRT"}));
  EXPECT_FALSE(is_running(victim));
}

TEST(AStoppedWorker, LosesNoConnectionThatOthersOpenAllAtOnce) {
  const ServerProcess server(
      {"--workers", "4", "--timeout-worker-healthcheck", "1s", "--timeout-header", "60s"});
  const pid_t victim = server.worker_pid(3);
  ::kill(victim, SIGSTOP);
  const auto start = TestClock::now();
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server.url(), kASecond * 3);
    clients.back().send(get_request("/plaintext"));
  }
  for (Client& client : clients) {
    const Reply reply = client.receive();
    EXPECT_EQ(reply.status, 200) << reply;
  }
  EXPECT_LT(elapsed_since(start), kASecond);
}

// The kernel has woken one of the two for the connection, and nobody else, when it stops: often
// enough in so many attempts.
TEST(AStoppedWorker, HoldsNoConnectionUpThatWokeIt) {
  const ServerProcess server({"--workers", "2", "--timeout-worker-healthcheck", "60s"});
  for (int i = 0; i < 20; ++i) {
    const pid_t victim = server.worker_pid(i % 2);
    ::kill(victim, SIGSTOP);
    const Reply reply = get(server.url(), "/plaintext", kASecond * 20);
    EXPECT_EQ(reply.status, 200) << "attempt " << i << ": " << reply;
    ::kill(victim, SIGCONT);
  }
}

TEST(AStoppedWorker, ThatGoesOnBeforeItsDeadlineKeepsItsConnections) {
  const ServerProcess server({"--workers", "2", "--timeout-worker-healthcheck", "5s"});
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  const auto before = server.worker_pids();
  ::kill(before.at(0), SIGSTOP);
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["workers"][0]["heartbeat_age_ms"].get<double>() > 600;
  }));
  ::kill(before.at(0), SIGCONT);
  for (Client& client : clients) {
    EXPECT_EQ(client.get("/plaintext").status, 200);
  }
  EXPECT_EQ(server.worker_pids(), before);
}

TEST(AStoppedMaster, KillsNobodyWhenItGoesOn) {
  const ServerProcess server({"--workers", "2", "--timeout-worker-healthcheck", "1s"});
  const auto before = server.worker_pids();
  const Json observer = server.statistics()["server"]["observer_pid"];
  Load load(server.url(), {.keep_alive_clients = 2, .new_connection_clients = 1});
  server.send_signal(SIGSTOP);
  pause_for(Milliseconds{4000});  // longer than every patience of the master
  server.send_signal(SIGCONT);
  EXPECT_TRUE(server.has_logged({"the master itself was stopped or starved"}));
  ASSERT_TRUE(load.wait_for_answers(100));
  pause_for(Milliseconds{1500});  // longer than the health check: whoever is judged is judged now
  EXPECT_EQ(server.worker_pids(), before);
  EXPECT_EQ(server.statistics()["server"]["observer_pid"], observer);
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
}

TEST(AStoppedServer, GoesOnAsAWholeWithoutAKill) {
  const ServerProcess server({"--workers", "2", "--timeout-worker-healthcheck", "1s"});
  const auto before = server.worker_pids();
  const Json observer = server.statistics()["server"]["observer_pid"];
  server.send_signal_to_group(SIGSTOP);
  pause_for(Milliseconds{4000});
  server.send_signal_to_group(SIGCONT);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  pause_for(Milliseconds{1500});
  EXPECT_EQ(server.worker_pids(), before);
  EXPECT_EQ(server.statistics()["server"]["observer_pid"], observer);
}

TEST(AStoppedMaster, LeavesHealthToTell) {
  const ServerProcess server({"--workers", "1"});
  ASSERT_EQ(get(server.admin_url(), "/healthz").status, 200);
  server.send_signal(SIGSTOP);
  EXPECT_TRUE(
      wait_until([&] { return get(server.admin_url(), "/healthz").status == 503; }, kASecond * 10));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200) << "the workers go on";
  server.send_signal(SIGCONT);
  EXPECT_TRUE(wait_until([&] { return get(server.admin_url(), "/healthz").status == 200; }));
}

TEST(AStoppedWorker, DoesNotHoldUpAStopPastItsDeadline) {
  ServerProcess server({"--workers", "2", "--timeout-graceful-shutdown", "500ms"});
  ::kill(server.worker_pid(0), SIGSTOP);
  const auto start = TestClock::now();
  server.send_signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_exit());
  EXPECT_LT(elapsed_since(start), kASecond * 3);
  EXPECT_TRUE(no_process_left(server.pid()));
}

// Nothing else would end it: those that were replaced may take their time.
TEST(AStoppedWorker, ThatWasReplacedIsEndedByTheHealthCheck) {
  ServerProcess server({"--workers", "1", "--timeout-worker-healthcheck", "1s"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=60000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  const pid_t replaced = server.worker_pid(0);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  ::kill(replaced, SIGSTOP);
  EXPECT_TRUE(
      server.has_logged({"worker 0 (pid " + std::to_string(replaced), "gave no sign of life"}));
  EXPECT_TRUE(server.has_logged({"worker 0 is stuck with GET /sleep"}));
  EXPECT_TRUE(
      server.wait_for_statistics([](const Json& report) { return report["workers"].size() == 1; }));
}

TEST(AReplacedWorker, ThatBeatsMayTakeItsTime) {
  ServerProcess server({"--workers", "1", "--timeout-worker-healthcheck", "500ms"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=2500"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  server.send_signal(SIGHUP);
  EXPECT_EQ(client.receive().body, "slept 2500 ms\n");
  EXPECT_EQ(server.times_logged("gave no sign of life"), 0U);
}

TEST(AStoppedWorker, DoesNotHoldUpAReloadPastItsDeadline) {
  ServerProcess server({"--workers", "2", "--timeout-replaced-worker", "500ms",
                        "--timeout-worker-healthcheck", "30s"});
  ::kill(server.worker_pid(0), SIGSTOP);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_TRUE(server.wait_for_workers(2));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

}  // namespace
}  // namespace prefork::test
