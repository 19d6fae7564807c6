// Clients that reset, or say nothing at all: the workers live, nothing of them stays, and the log
// does not fill with what was nobody's fault.
#include <gtest/gtest.h>

#include <deque>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

class RudeClients : public testing::Test {
 protected:
  [[nodiscard]] testing::AssertionResult nothing_is_left_of_them() const {
    const bool gone = server_.wait_for_statistics(
        [](const Json& report) { return report["totals"]["connections"]["active"] == 0; });
    if (!gone) {
      return testing::AssertionFailure() << server_.statistics() << server_.log();
    }
    if (const auto workers = server_.worker_pids(); workers != workers_) {
      return testing::AssertionFailure() << "the workers were " << testing::PrintToString(workers_)
                                         << " and are " << testing::PrintToString(workers);
    }
    if (server_.times_logged("warning") != 0 || server_.times_logged("error") != 0) {
      return testing::AssertionFailure() << server_.log();
    }
    if (get(server_.url(), "/plaintext").status != 200) {
      return testing::AssertionFailure() << "it does not serve any more";
    }
    return testing::AssertionSuccess();
  }

  ServerProcess server_{{"--workers", "2", "--timeout-header", "300ms"}};
  const std::map<int, pid_t> workers_ = server_.worker_pids();
};

TEST_F(RudeClients, WhoResetWithinTheirAnswerHurtNobody) {
  const std::string body(1'000'000, 'x');
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  for (int i = 0; i < 10; ++i) {
    Client client(server_.url(), kPatience, 4096);
    ASSERT_TRUE(client.send(request)) << client.problem();
    ASSERT_TRUE(client.is_readable_within(kPatience)) << "the answer has begun";
    client.abort();
  }
  EXPECT_TRUE(nothing_is_left_of_them());
}

TEST_F(RudeClients, WhoSayNothingAreNoErrors) {
  std::deque<Client> silent;
  for (int i = 0; i < 50; ++i) {
    silent.emplace_back(server_.url());
  }
  for (Client& client : silent) {
    EXPECT_EQ(client.receive_to_the_end(), "");
    EXPECT_EQ(client.problem(), "");
  }
  EXPECT_TRUE(nothing_is_left_of_them());
  const Json errors = server_.statistics()["totals"]["errors"];
  EXPECT_EQ(errors["bad_requests"], 0) << errors;
}

TEST_F(RudeClients, WhoResetBeforeTheyAreAcceptedHurtNobody) {
  for (int i = 0; i < 200; ++i) {
    Client(server_.url()).abort();
  }
  EXPECT_TRUE(nothing_is_left_of_them());
  EXPECT_EQ(server_.statistics()["totals"]["errors"]["bad_requests"], 0);
}

}  // namespace
}  // namespace prefork::test
