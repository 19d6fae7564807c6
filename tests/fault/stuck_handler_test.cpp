// A handler that does not come back within --timeout-request costs its worker, and nobody else a
// request.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::vector<std::string> stuck_application(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {test_app("stuck"), "--timeout-keep-alive", "60s"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The worker of slot 0 is another process, and `before` is gone.
bool is_succeeded(const ServerProcess& server, pid_t before) {
  return wait_until([&] {
    const std::map<int, pid_t> pids = server.worker_pids();
    return !is_running(before) && pids.contains(0) && pids.at(0) != before;
  });
}

class StuckHandler : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(StuckHandler, CostsNoneOfTheOthersARequest) {
  constexpr int kAsking = 25;
  constexpr int kIdle = 25;
  std::vector<std::string> options = {"--workers",         "2",    "--threads", "32",
                                      "--timeout-request", "500ms"};
  options.insert(options.end(), GetParam().begin(), GetParam().end());
  const ServerProcess server(stuck_application(options));
  const std::map<int, pid_t> before = server.worker_pids();
  std::vector<Client> idle;
  for (int i = 0; i < kIdle; ++i) {
    idle.emplace_back(server.url());
    ASSERT_EQ(idle.back().get("/").status, 200);
  }
  Load load(server.url(), {.keep_alive_clients = kAsking,
                           .new_connection_clients = 0,
                           .path = "/soon",
                           .expected_body = "done\n",
                           .pause = Milliseconds{0}});
  ASSERT_TRUE(load.wait_for_answers(kAsking));

  Client unlucky(server.url());
  const Reply reply = unlucky.get("/stuck");
  EXPECT_EQ(reply.status, 504) << reply;
  EXPECT_TRUE(server.has_logged({"has a handler that takes longer than --timeout-request", "leaves",
                                 "a successor starts at once"}));
  EXPECT_TRUE(server.has_logged({"is stuck with GET /stuck from " + unlucky.own_address(),
                                 "handling on pool thread", "wait_for_ever", "stuck.cpp:"}));
  EXPECT_TRUE(server.has_logged({"leaves without waiting for 1 stuck handler", "lost 0 others"}));
  pid_t gone = 0;
  ASSERT_TRUE(wait_until([&] {
    for (const auto& [slot, pid] : before) gone = is_running(pid) ? gone : pid;
    return gone != 0 && server.worker_pids().size() == 2;
  }));
  for (const auto& [slot, pid] : server.worker_pids()) EXPECT_NE(pid, gone);
  EXPECT_TRUE(
      server.has_logged({"(pid " + std::to_string(gone) + ") ended: exit code 0, as asked"}));

  ASSERT_TRUE(load.wait_for_answers(2 * kAsking));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(report.connections, std::uint64_t{kAsking}) << "none of them was closed";
  for (Client& client : idle) {
    EXPECT_EQ(client.get("/").status, 200) << client.problem();
  }
}

INSTANTIATE_TEST_SUITE_P(Forked, StuckHandler, testing::Values(std::vector<std::string>{}));
INSTANTIATE_TEST_SUITE_P(OfAForkServer, StuckHandler,
                         testing::Values(std::vector<std::string>{"--start-method", "forkserver"}));
INSTANTIATE_TEST_SUITE_P(Preloaded, StuckHandler,
                         testing::Values(std::vector<std::string>{"--preload"}));

// The only worker: who is connected waits for its successor, and those behind the only thread for
// another one.
TEST(AStuckHandler, OfTheOnlyWorkerAndItsOnlyThreadHoldsUpNobody) {
  const ServerProcess server(
      stuck_application({"--workers", "1", "--threads", "1", "--timeout-request", "2s"}));
  const pid_t before = server.worker_pid(0);
  Client idle(server.url());
  ASSERT_EQ(idle.get("/").status, 200);
  Client unlucky(server.url());
  ASSERT_TRUE(unlucky.send(get_request("/computing")));
  ASSERT_TRUE(server.has_logged({"is slow with GET /computing"}));
  Client behind(server.url());
  ASSERT_TRUE(behind.send(get_request("/soon")));
  EXPECT_EQ(unlucky.receive().status, 504);
  EXPECT_EQ(behind.receive().body, "done\n");
  ASSERT_TRUE(is_succeeded(server, before));
  // Sanitizers deliver signals later.
  if (!is_sanitized()) {
    EXPECT_TRUE(server.has_logged({"is stuck with GET /computing", "compute_for_ever"}));
  }
  EXPECT_TRUE(server.has_logged({"lost 0 others"}));
  EXPECT_EQ(idle.get("/").status, 200) << "handed to the successor";
  EXPECT_EQ(behind.get("/").status, 200);
}

TEST(AStuckHandler, ThatComesBackAfterAllHasItsWorkerReplacedTheSame) {
  const ServerProcess server(stuck_application({"--workers", "1", "--timeout-request", "1s"}));
  const pid_t before = server.worker_pid(0);
  EXPECT_EQ(get(server.url(), "/late").status, 504);
  ASSERT_TRUE(is_succeeded(server, before));
  EXPECT_EQ(get(server.url(), "/").status, 200);
}

TEST(AStuckHandler, WhoseWorkerCannotFinishTheOthersInTimeSaysHowManyAreLost) {
  const ServerProcess server(
      stuck_application({"--workers", "1", "--timeout-request", "3s", "--slow-request", "1s",
                         "--timeout-graceful-shutdown", "300ms"}));
  const pid_t before = server.worker_pid(0);
  Client unlucky(server.url());
  ASSERT_TRUE(unlucky.send(get_request("/stuck")));
  ASSERT_TRUE(server.has_logged({"is slow with GET /stuck"}));
  Client other(server.url());
  ASSERT_TRUE(other.send(get_request("/later")));
  EXPECT_EQ(unlucky.receive().status, 504);
  EXPECT_EQ(other.receive().status, 0);
  EXPECT_TRUE(server.has_logged({"leaves without waiting for 1 stuck handler", "lost 1 others"}));
  EXPECT_TRUE(is_succeeded(server, before));
}

TEST(AStuckHandler, CountsAsADeathThatItsRouteHasCost) {
  const ServerProcess server(stuck_application({"--workers", "1", "--timeout-request", "200ms"}));
  Reply reply;
  int stuck = 0;
  ASSERT_TRUE(wait_until([&] {
    reply = get(server.url(), "/stuck");
    stuck += reply.status == 504 ? 1 : 0;
    return reply.status == 503;
  }));
  EXPECT_TRUE(reply.header("Retry-After").has_value()) << reply;
  EXPECT_GE(stuck, 3);
  EXPECT_TRUE(server.has_logged({"the route of GET /stuck takes workers with it"}));
  EXPECT_EQ(get(server.url(), "/").status, 200);
}

TEST(AStuckHandler, HoldsUpNoStopOfTheServer) {
  ServerProcess server(stuck_application({"--workers", "1", "--timeout-request", "300ms"}));
  EXPECT_EQ(get(server.url(), "/stuck").status, 504);
  const auto exit = server.stop();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->code, 0);
}

}  // namespace
}  // namespace prefork::test
