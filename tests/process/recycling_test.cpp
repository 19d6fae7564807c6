// Workers that have served enough, for long enough, or have grown too large get a successor, and no
// client notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/support/load.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::set<pid_t> all_pids(const ServerProcess& server) {
  std::set<pid_t> pids;
  for (const auto& [slot, pid] : server.worker_pids()) {
    pids.insert(pid);
  }
  return pids;
}

bool are_replaced(const ServerProcess& server, const std::set<pid_t>& before, std::size_t count) {
  return wait_until(
      [&] {
        const std::set<pid_t> now = all_pids(server);
        return now.size() == count && std::none_of(now.begin(), now.end(),
                                                   [&](pid_t pid) { return before.contains(pid); });
      },
      kASecond * 30);
}

TEST(Recycling, ReplacesWorkersAfterTheirShareWithoutAFailedRequest) {
  ServerProcess server(
      {"--workers", "2", "--limit-max-requests", "200", "--limit-max-requests-jitter", "50"});
  const std::set<pid_t> before = all_pids(server);
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(2000, kASecond * 60));
  EXPECT_TRUE(server.has_logged({"has served its share of requests"}));
  EXPECT_TRUE(are_replaced(server, before, 2)) << server.statistics();
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  const Json report = server.statistics();
  EXPECT_EQ(report["totals"]["requests"], told.answered);
  EXPECT_EQ(report["server"]["generation"], 1) << "the configuration is the same";
}

TEST(Recycling, ReplacesWorkersAfterTheirTimeWithoutAFailedRequest) {
  ServerProcess server({"--workers", "2", "--max-worker-lifetime", "1s"});
  const std::set<pid_t> before = all_pids(server);
  Load load(server.url());
  EXPECT_TRUE(are_replaced(server, before, 2)) << server.statistics();
  EXPECT_TRUE(server.has_logged({"worker ", "has served for as long as it may"}));
  ASSERT_TRUE(load.wait_for_answers(100));
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["server"]["recycles"]["lifetime"] >= 2 &&
           report["workers"][0]["last_exit"]["recycled"] == "lifetime";
  })) << server.statistics();
  EXPECT_EQ(server.statistics()["workers"][0]["restarts"], 0) << "it was no loss";
}

TEST(Recycling, ReplacesAWorkerThatHasGrownTooLargeWithoutAFailedRequest) {
  ServerProcess server({test_app("leak"), "--workers", "2", "--max-worker-memory", "128m",
                        "--memory-interval", "100ms"});
  const std::set<pid_t> before = all_pids(server);
  LoadShape shape;
  shape.path = "/leak";
  shape.pause = Milliseconds{50};
  shape.keep_alive_clients = 2;
  shape.new_connection_clients = 1;
  Load load(server.url(), shape);
  EXPECT_TRUE(are_replaced(server, before, 2)) << server.statistics() << server.log();
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_TRUE(server.has_logged({"worker ",
                                 " MiB of memory, more than the 128 MiB of "
                                 "--max-worker-memory"}));
  EXPECT_TRUE(server.has_logged({"has more memory than it may", "a successor starts"}));
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["server"]["recycles"]["memory"] >= 2;
  })) << server.statistics();
}

TEST(Recycling, LeavesAWorkerAloneThatStaysBelowTheLimit) {
  ServerProcess server({test_app("leak"), "--workers", "1", "--max-worker-memory", "1g",
                        "--memory-interval", "100ms"});
  const std::set<pid_t> before = all_pids(server);
  EXPECT_EQ(get(server.url(), "/leak").status, 200);
  pause_for(Milliseconds{500});
  EXPECT_EQ(all_pids(server), before);
}

}  // namespace
}  // namespace prefork::test
