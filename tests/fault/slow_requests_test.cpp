// Requests that take too long are named, with the function that they are in.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::vector<std::string> slow_application(std::string slow) {
  return {test_app("slow"), "--workers", "1", "--slow-request", std::move(slow)};
}

bool has_counted(const Json& report, std::string_view function) {
  return std::any_of(report["slow"].begin(), report["slow"].end(), [&](const Json& one) {
    return one["function"].get<std::string>().find(function) != std::string::npos;
  });
}

// Its call would end early by a signal, and its author does not expect that.
TEST(ASlowRequest, ThatSleepsIsNamedAndNotWoken) {
  const ServerProcess server(slow_application("50ms"));
  Client client(server.url());
  EXPECT_EQ(client.get("/sleeping").body, "slept\n");
  EXPECT_TRUE(server.has_logged({"is slow with GET /sleeping from " + client.own_address(),
                                 "handling on pool thread", "sleep_soundly", "slow.cpp:"}));
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return has_counted(report, "sleep_soundly"); }));
}

TEST(ASlowRequest, ThatComputesIsNamed) {
  if (is_sanitized()) {
    GTEST_SKIP() << "sanitizers deliver signals later";
  }
  const ServerProcess server(slow_application("50ms"));
  Client client(server.url());
  EXPECT_EQ(client.get("/computing").body, "computed\n");
  EXPECT_TRUE(server.has_logged(
      {"is slow with GET /computing from ", "on pool thread", "compute", "slow.cpp:"}));
}

TEST(ASlowRequest, ThatHoldsUpTheEventLoopIsNamed) {
  if (is_sanitized()) {
    GTEST_SKIP() << "sanitizers deliver signals later";
  }
  const ServerProcess server(slow_application("50ms"));
  Client client(server.url());
  EXPECT_EQ(client.get("/computing-on-the-loop").body, "computed\n");
  EXPECT_TRUE(server.has_logged(
      {"is slow with GET /computing-on-the-loop from ", "on its event loop", "compute"}));
}

// It stays slow for many looks.
TEST(ASlowRequest, IsNamedOnce) {
  const ServerProcess server(slow_application("10ms"));
  Client client(server.url());
  EXPECT_EQ(client.get("/sleeping").body, "slept\n");
  EXPECT_TRUE(server.has_logged({"is slow with GET /sleeping"}));
  EXPECT_EQ(client.get("/").body, "alive\n");
  EXPECT_EQ(server.times_logged("is slow with"), 1U);
}

TEST(ASlowRequest, IsNobodysAffairWhereThatIsTurnedOff) {
  const ServerProcess server(slow_application("off"));
  Client client(server.url());
  EXPECT_EQ(client.get("/sleeping").body, "slept\n");
  EXPECT_EQ(server.times_logged("is slow with"), 0U);
  EXPECT_TRUE(server.statistics()["slow"].empty());
}

}  // namespace
}  // namespace prefork::test
