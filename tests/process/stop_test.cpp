// How the server ends: what runs is finished, what is idle is not waited for, and nothing stays.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/terminal.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// A client whose request is certainly running.
Client sleeping_client(const ServerProcess& server, int ms) {
  const auto busy = [](const Json& report) { return report["totals"]["pool"]["busy"].get<int>(); };
  const int before = busy(server.statistics());
  Client client(server.url());
  client.send(get_request("/sleep?ms=" + std::to_string(ms)));
  EXPECT_TRUE(
      server.wait_for_statistics([&](const Json& report) { return busy(report) > before; }));
  return client;
}

TEST(Stop, ARunningRequestIsAnsweredCompletelyAndTheSocketFileIsGone) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  ServerProcess server({"--workers", "4", "--uds", path});
  ASSERT_TRUE(exists(path));
  Client client = sleeping_client(server, 2000);
  server.send_signal(SIGTERM);
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.body, "slept 2000 ms\n");
  EXPECT_TRUE(reply.says_close()) << reply;
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_FALSE(exists(path));
  EXPECT_TRUE(no_process_left(server.pid()));
}

// A client (or the proxy in front) that is refused tries elsewhere; one that waits in the queue of
// a server that will never answer does not.
TEST(Stop, NewConnectionsAreRefusedAtOnceWhileRunningRequestsFinish) {
  ServerProcess server({"--workers", "2"});
  Client client = sleeping_client(server, 4000);
  server.send_signal(SIGTERM);
  // A packet that came while the queue was emptied was dropped; TCP tries again after a second.
  EXPECT_TRUE(wait_until([&] { return !Client(server.url()).is_connected(); }, kASecond * 2))
      << "the port still takes connections";
  EXPECT_FALSE(server.wait_for_exit(Milliseconds{0})) << "the request is still running";
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(Stop, IdleKeepAliveConnectionsDoNotHoldItUp) {
  ServerProcess server(
      {"--workers", "2", "--timeout-keep-alive", "60s", "--timeout-header", "60s"});
  std::vector<Client> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(server.url());
    if (i % 2 == 0) {
      ASSERT_EQ(clients.back().get("/plaintext").status, 200);
    }
  }
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond * 3);
  for (Client& client : clients) {
    EXPECT_EQ(client.receive_to_the_end(), "");
    EXPECT_EQ(client.problem(), "") << "an end, not a reset";
  }
}

TEST(Stop, AConnectionThatIsInTheQueueIsAnsweredAndClosed) {
  ServerProcess server({"--workers", "1"});
  Client early(server.url());
  early.send(get_request("/plaintext"));
  server.send_signal(SIGTERM);
  const Reply reply = early.receive();
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

// A client cannot know that the server stops before it has read so.
TEST(Stop, ARequestThatCrossesWithTheStopIsAnswered) {
  ServerProcess server({"--workers", "4"});
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  server.send_signal(SIGTERM);
  for (Client& client : clients) {
    const Reply reply = client.get("/plaintext");
    EXPECT_EQ(reply.status, 200) << reply;
  }
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(Stop, ASecondInterruptEndsAtOnceWithRequestsCut) {
  ServerProcess server({"--workers", "2"});
  Client client = sleeping_client(server, 10'000);
  server.send_signal(SIGINT);
  ASSERT_TRUE(server.has_logged({"SIGINT: stopping", "Ctrl+C again to stop at once"}));
  const auto start = TestClock::now();
  server.send_signal(SIGINT);
  EXPECT_EQ(server.wait_for_exit(), exit_code(8));
  EXPECT_LT(elapsed_since(start), kASecond);
  EXPECT_TRUE(server.has_logged({"second SIGINT: stopping at once"}));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST(Stop, ASecondTermSaysNothingNew) {
  ServerProcess server({"--workers", "2"});
  Client client = sleeping_client(server, 1200);
  server.send_signal(SIGTERM);
  ASSERT_TRUE(server.has_logged({"SIGTERM: stopping"}));
  server.send_signal(SIGTERM);
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_EQ(server.times_logged("SIGTERM: stopping"), 1U);
}

TEST(Stop, QuitEndsAtOnce) {
  ServerProcess server({"--workers", "2"});
  Client client = sleeping_client(server, 10'000);
  const auto start = TestClock::now();
  server.send_signal(SIGQUIT);
  EXPECT_EQ(server.wait_for_exit(), exit_code(8));
  EXPECT_LT(elapsed_since(start), kASecond);
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST(Stop, QuitLeavesNoSocketFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  ServerProcess server({"--workers", "2", "--uds", path});
  server.send_signal(SIGQUIT);
  EXPECT_TRUE(server.wait_for_exit());
  EXPECT_FALSE(exists(path));
}

TEST(Stop, WhatOutlivesTheDeadlineIsCutAndNamed) {
  ServerProcess server({"--workers", "2", "--timeout-graceful-shutdown", "300ms"});
  Client client = sleeping_client(server, 5000);
  const auto start = TestClock::now();
  server.send_signal(SIGTERM);
  EXPECT_EQ(server.wait_for_exit(), exit_code(8));
  EXPECT_GE(elapsed_since(start), Milliseconds{300});
  EXPECT_LT(elapsed_since(start), kASecond * 2);
  EXPECT_TRUE(server.has_logged({"did not finish within", "it is cut"}));
  EXPECT_TRUE(server.has_logged({"GET /sleep from " + client.own_address()}));
  EXPECT_TRUE(server.has_logged({"stopped; running requests were cut"}));
  EXPECT_EQ(client.receive().status, 0);
}

TEST(Stop, AClientThatKeepsItsAnsweredConnectionOpenIsNoCutRequest) {
  ServerProcess server({"--workers", "1", "--timeout-graceful-shutdown", "1s"});
  Client client = sleeping_client(server, 300);
  server.send_signal(SIGTERM);
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0)) << "everybody was answered within the deadline";
}

TEST(Stop, InterruptOfTheWholeGroupIsHandledOnce) {
  ServerProcess server({"--workers", "4"});
  Client client = sleeping_client(server, 1000);
  server.send_signal_to_group(SIGINT);
  EXPECT_EQ(client.receive().body, "slept 1000 ms\n") << "the workers do not act on their own copy";
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_EQ(server.times_logged("SIGINT: stopping"), 1U);
  EXPECT_EQ(server.times_logged("second SIGINT"), 0U);
}

TEST(Stop, TermToEveryProcessOfTheServerLosesNoRequest) {
  // As systemd does by default.
  ServerProcess server({"--workers", "4"});
  Client client = sleeping_client(server, 1000);
  server.send_signal_to_group(SIGTERM);
  EXPECT_EQ(client.receive().body, "slept 1000 ms\n");
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST(Stop, TermToEveryProcessOfTheServerLeavesTheObserverUntilTheLastWorkerIsGone) {
  ServerProcess server({"--workers", "2"});
  Client client = sleeping_client(server, 1500);
  server.send_signal_to_group(SIGTERM);
  ASSERT_TRUE(server.has_logged({"SIGTERM: stopping"}));
  EXPECT_EQ(get(server.admin_url(), "/readyz").status, 503);
  EXPECT_EQ(server.statistics()["server"]["state"], "stopping");
  EXPECT_FALSE(client.is_readable_within(Milliseconds{0})) << "all that was while it ran";
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_EQ(server.times_logged("warning"), 0U) << server.log();
  EXPECT_EQ(server.times_logged("successor"), 0U);
}

TEST(Stop, AQuitOfAnIdleServerHasCutNothing) {
  ServerProcess server({"--workers", "2"});
  Client idle(server.url());
  ASSERT_EQ(idle.get("/plaintext").status, 200);
  server.send_signal(SIGQUIT);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(Stop, EndsAWorkerAsAProgramEnds) {
  for (const bool preload : {false, true}) {
    const TemporaryFolder folder;
    Launch launch = launch_of({test_app("processes"), "--workers", "2"});
    if (preload) {
      launch.arguments.emplace_back("--preload");
    }
    launch.environment["TEST_FAREWELL"] = folder / "farewell";
    launch.stdout_path = folder / "stdout";
    ServerProcess server(launch);
    EXPECT_EQ(server.stop(), exit_code(0)) << server.log();
    EXPECT_EQ(read_file(folder / "farewell"), "destroyed\ndestroyed\n") << "each worker, once";
    EXPECT_EQ(read_file(folder / "stdout"), "printed\nprinted\n");
    EXPECT_EQ(server.times_logged("warning"), 0U) << server.log();
  }
}

TEST(Stop, DoesNotWaitForAWorkerThatBoots) {
  Launch launch = launch_of({test_app("processes"), "--workers", "1"});
  launch.environment["TEST_BOOT_MS"] = "1500";
  ServerProcess server(std::move(launch));
  server.send_signal(SIGTTIN);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& workers = report["workers"];
    return std::any_of(workers.begin(), workers.end(),
                       [](const Json& worker) { return worker["state"] == "starting"; });
  }));
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond);
  EXPECT_EQ(server.times_logged("warning"), 0U) << server.log();
}

TEST(Stop, FollowsWhenTheTerminalIsClosed) {
  Terminal terminal;
  Launch launch = launch_of({"--workers", "1"});
  launch.terminal = terminal.fd();
  ServerProcess server(std::move(launch));
  terminal.close();
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_TRUE(server.has_logged({"the terminal was closed"}));
}

TEST(Stop, DoesNotFollowAHangUpThatSomebodyHasSent) {
  Terminal terminal;
  Launch launch = launch_of({"--workers", "1"});
  launch.terminal = terminal.fd();
  ServerProcess server(std::move(launch));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
}

TEST(Stop, DoesNotFollowTheTerminalWhereHangUpsWereIgnored) {
  // As nohup(1) starts programs.
  Terminal terminal;
  Launch launch = launch_of({"--workers", "1"});
  launch.terminal = terminal.fd();
  launch.ignored_signals = {SIGHUP};
  ServerProcess server(std::move(launch));
  terminal.close();
  pause_for(Milliseconds{300});
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  server.send_signal(SIGHUP);
  pause_for(Milliseconds{100});
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Stop, HangUpAndQuitOfTheWholeGroupReachTheMasterOnly) {
  ServerProcess server({"--workers", "2"});
  server.send_signal_to_group(SIGHUP);
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_TRUE(server.wait_for_workers(2));
  EXPECT_EQ(server.times_logged("SIGHUP:"), 1U);
}

TEST(Stop, OfAnIdleServerIsQuick) {
  ServerProcess server({"--workers", "4"});
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond);
  EXPECT_TRUE(server.has_logged({"stopped"}));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST(Stop, EachWorkerIsToldWithAgeAndRequests) {
  ServerProcess server({"--workers", "1"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  const pid_t worker = server.worker_pid(0);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(server.has_logged({"worker 0 (pid " + std::to_string(worker) + ") ended: exit code 0",
                                 "as asked", "age ", "3 requests served"}));
}

TEST(Stop, UnderLoadCutsNoAnswerShort) {
  ServerProcess server({"--workers", "4"});
  Load load(server.url(), {.keep_alive_clients = 8, .new_connection_clients = 0});
  ASSERT_TRUE(load.wait_for_answers(200));
  EXPECT_EQ(server.stop(), exit_code(0));
  const LoadReport report = load.stop();
  // Afterwards nobody can connect; but whoever could got an answer.
  for (const std::string& failure : report.failures) {
    EXPECT_NE(failure.find("cannot connect"), std::string::npos) << failure;
  }
}

}  // namespace
}  // namespace prefork::test
