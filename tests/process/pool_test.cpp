// The classes of a worker's thread pool.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// Of the class with this name in the first worker's part of the statistics.
Json class_of(const Json& report, const std::string& name) {
  for (const Json& one : report["workers"][0]["pool"]["classes"]) {
    if (one["name"] == name) {
      return one;
    }
  }
  return {};
}

bool wait_for_class(const ServerProcess& server, const std::string& name, const std::string& number,
                    int value) {
  return server.wait_for_statistics(
      [&](const Json& report) { return class_of(report, name)[number] == value; });
}

TEST(Pools, AClassWhoseThreadsAreBusyHoldsUpNoOther) {
  ServerProcess server(
      {test_app("pools"), "--workers", "1", "--threads", "1", "--pool", "reports=1"});
  Client report(server.url());
  report.send(get_request("/reports/hold"));
  ASSERT_TRUE(wait_for_class(server, "reports", "busy", 1));
  EXPECT_EQ(get(server.url(), "/quick").body, "quick\n");
  EXPECT_TRUE(wait_for_class(server, "default", "busy", 0));
  EXPECT_EQ(get(server.url(), "/release").body, "released\n");
  EXPECT_EQ(report.receive().body, "report\n");
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Pools, WhoWaitsForTooLongIsToldSoThoughNoThreadIsFree) {
  ServerProcess server(
      {test_app("pools"), "--workers", "1", "--pool", "reports=1,wait=50ms", "--access-log", "-"});
  Client report(server.url());
  report.send(get_request("/reports/hold"));
  ASSERT_TRUE(wait_for_class(server, "reports", "busy", 1));
  const Reply refused = get(server.url(), "/reports/hold");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_TRUE(wait_for_class(server, "reports", "shed", 1));
  get(server.url(), "/release");
  EXPECT_EQ(report.receive().status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Pools, AReservedThreadIsLeftForHighPriority) {
  ServerProcess server(
      {test_app("pools"), "--workers", "1", "--pool", "default=2,reserve=1,wait=off"});
  std::vector<std::unique_ptr<Client>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<Client>(server.url()));
    held.back()->send(get_request("/hold"));
  }
  ASSERT_TRUE(wait_for_class(server, "default", "queued", 2));
  EXPECT_EQ(get(server.url(), "/pay").body, "paid\n");
  for (const auto& client : held) {
    // Those that begin after a release need another one.
    ASSERT_TRUE(wait_for_class(server, "default", "busy", 1));
    get(server.url(), "/release");
    EXPECT_EQ(client->receive().body, "held\n");
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Pools, AClassThatNobodyHasMadeIsTheDefaultOneAndIsTold) {
  const ServerProcess server({test_app("pools"), "--workers", "2"});
  EXPECT_TRUE(wait_until([&] {
    return server.times_logged("no --pool has the class that GET /reports/hold (reports) names") ==
           1;
  })) << server.log();
  Client report(server.url());
  report.send(get_request("/sleep/100"));
  EXPECT_EQ(report.receive().body, "slept\n");
}

class PoolOrders : public testing::TestWithParam<const char*> {};

TEST_P(PoolOrders, ServeEverybody) {
  ServerProcess server(
      {test_app("pools"), "--workers", "1", "--threads", "2", "--pool-order", GetParam()});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(server.url()));
    clients.back()->send(get_request(i % 3 == 0 ? "/sleep/10" : "/quick"));
  }
  for (const auto& client : clients) {
    EXPECT_EQ(client->receive().status, 200);
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

INSTANTIATE_TEST_SUITE_P(Each, PoolOrders,
                         testing::Values("fcfs", "shortest", "round-robin", "feedback"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace prefork::test
