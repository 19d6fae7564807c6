// A route that takes worker after worker with it is not asked any more.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// Sends one request after the other until one is answered; how many were cut before. Each death is
// known to the master before the next request: it bans, and learns of a death some milliseconds
// after the client.
int deaths_before_an_answer(const ServerProcess& server, const std::string& path, Reply& answer) {
  const std::string_view told = "was working on GET /crash";
  const std::size_t before = server.times_logged(told);
  for (int deaths = 0; deaths < 20; ++deaths) {
    answer = get(server.url(), path);
    if (answer.status != 0) {
      return deaths;
    }
    EXPECT_TRUE(wait_until([&] {
      return server.times_logged(told) == before + static_cast<std::size_t>(deaths) + 1;
    }));
  }
  return -1;
}

TEST(RouteThatKills, CostsThreeWorkersAndIsAnsweredWithout) {
  const ServerProcess server({"--workers", "4", "--demo-crash"});
  Reply reply;
  EXPECT_EQ(deaths_before_an_answer(server, "/crash?first=1", reply), 3);
  EXPECT_EQ(reply.status, 503);
  const std::string after = reply.header("Retry-After").value_or("");
  ASSERT_FALSE(after.empty());
  EXPECT_GE(std::stoi(after), 28);
  EXPECT_LE(std::stoi(after), 30);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200) << "the other routes go on";
  EXPECT_TRUE(server.has_logged(
      {"warning", "the route of GET /crash takes workers with it", "--limit-route-deaths"}));
  const Json report = server.statistics();
  ASSERT_EQ(report["banned_routes"].size(), 1U);
  EXPECT_EQ(report["banned_routes"][0]["request"], "GET /crash");
  EXPECT_EQ(report["banned_routes"][0]["on_trial"], false);
}

TEST(RouteThatKills, IsTriedAgainAfterAReload) {
  const ServerProcess server({"--workers", "2", "--demo-crash", "--limit-route-deaths", "1"});
  Reply reply;
  EXPECT_EQ(deaths_before_an_answer(server, "/crash", reply), 1);
  EXPECT_EQ(reply.status, 503);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["server"]["reloads"] == 1 && report["banned_routes"].empty();
  }));
  EXPECT_EQ(deaths_before_an_answer(server, "/crash", reply), 1);
}

TEST(RouteThatKills, KillsForEverWhereThatIsAskedFor) {
  const ServerProcess server({"--workers", "2", "--demo-crash", "--limit-route-deaths", "0"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(get(server.url(), "/crash").status, 0);
  }
}

// Somebody from outside has killed them.
TEST(RouteThatKills, IsNotWhatRanWhenAWorkerWasKilled) {
  const ServerProcess server({"--workers", "1", "--limit-route-deaths", "1"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=9000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return !report["workers"][0]["in_flight"].empty(); }));
  ::kill(server.worker_pid(0), SIGKILL);
  EXPECT_EQ(client.receive().status, 0);
  ASSERT_TRUE(server.has_logged({"worker 0", "SIGKILL"}));
  ASSERT_TRUE(server.wait_for_workers(1));
  EXPECT_EQ(get(server.url(), "/sleep?ms=1").status, 200);
}

}  // namespace
}  // namespace prefork::test
