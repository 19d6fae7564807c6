// A server that nobody asks leaves the processor alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/system_calls.h"

namespace prefork::test {
namespace {

constexpr int kSeconds = 5;
constexpr int kMaxCallsPerSecond = 2;
constexpr int kPeriods = 3;

// What the start has left to be done may fall into the first period; who rests does so in some.
void expect_rest(const ServerProcess& server) {
  int fewest = std::numeric_limits<int>::max();
  for (int i = 0; i < kPeriods && fewest > kSeconds * kMaxCallsPerSecond; ++i) {
    const std::optional<int> calls =
        count_system_calls(server.worker_pid(0), std::chrono::seconds(kSeconds));
    if (!calls) GTEST_SKIP() << "This system does not permit ptrace: " << std::strerror(errno);
    fewest = std::min(fewest, *calls);
  }
  EXPECT_LE(fewest, kSeconds * kMaxCallsPerSecond);
}

TEST(IdleWorker, MakesAtMostTwoSystemCallsASecond) {
  const ServerProcess server({"--workers", "1"});
  expect_rest(server);
}

TEST(IdleWorker, MakesNoMoreOfThemForKeptConnections) {
  const ServerProcess server({"--workers", "1", "--timeout-keep-alive", "60s"});
  std::vector<Client> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  expect_rest(server);
}

}  // namespace
}  // namespace prefork::test
