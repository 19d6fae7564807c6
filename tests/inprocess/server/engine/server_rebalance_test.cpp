// A server that has more connections than its share gives idle ones away, and only these.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ServerRebalance : public HttpTest {
 protected:
  ServerRebalance() {
    executor_ = &held_;
    // As another process would get it: a duplicate.
    hooks_.on_relieve = [this](int socket, const ipc::HandedConnection& about) {
      handed_.emplace_back(about, ipc::OwnedFd(::fcntl(socket, F_DUPFD_CLOEXEC, 0)));
      return Place::given;
    };
  }

  void tick() {
    const int ticks = hooks_.ticks;
    ASSERT_TRUE(turn_until([&] { return hooks_.ticks > ticks; }));
  }

  HeldJobs held_;
  std::vector<std::pair<ipc::HandedConnection, ipc::OwnedFd>> handed_;
};

TEST_F(ServerRebalance, GivesAsManyIdleConnectionsAwayAsAreTooMany) {
  PREFORK_SKIP_OVER_RECORDS();
  Client used = connect();
  exchange(used, get("/") + get("/"));
  Client second = connect();
  Client third = connect();
  hooks_.excess_now = 2;
  tick();
  ASSERT_EQ(handed_.size(), 2U);
  EXPECT_EQ(handed_[0].first.requests, 2U);
  EXPECT_EQ(handed_[0].first.peer.family, ipc::PeerAddress::Family::local);
  EXPECT_EQ(count(ipc::Counter::connections_handed_on), 2U);
  EXPECT_EQ(server().connection_count(), 1U);
  EXPECT_FALSE(used.at_any_end()) << "the client notices nothing";
  hooks_.excess_now = 0;
  EXPECT_EQ(exchange(third, get("/")), answer(200, "root"));
  EXPECT_EQ(handed_.size(), 2U);
}

TEST_F(ServerRebalance, GivesNothingAwayWhileTheNumbersAreEven) {
  Client client = connect();
  exchange(client, get("/"));
  tick();
  tick();
  EXPECT_EQ(hooks_.reliefs_offered, 0);
}

TEST_F(ServerRebalance, StopsAsSoonAsNobodyHasFewer) {
  PREFORK_SKIP_OVER_RECORDS();
  hooks_.on_relieve = nullptr;
  Client first = connect();
  Client second = connect();
  exchange(first, get("/"));
  hooks_.excess_now = 2;
  tick();
  EXPECT_EQ(hooks_.reliefs_offered, 1);
  EXPECT_EQ(server().connection_count(), 2U);
  hooks_.excess_now = 0;
  EXPECT_EQ(exchange(first, get("/")), answer(200, "root"));
}

TEST_F(ServerRebalance, AConnectionInUseGoesAsSoonAsItIsAnswered) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  exchange(client, get("/slow"));
  hooks_.excess_now = 1;
  tick();
  EXPECT_TRUE(handed_.empty());
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow ")) << "no Connection: close";
  ASSERT_EQ(handed_.size(), 1U) << "between two ticks";
  EXPECT_EQ(handed_[0].first.requests, 1U);
  EXPECT_FALSE(client.at_any_end());
}

TEST_F(ServerRebalance, NeverGivesAPartOfARequestAway) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  exchange(client, get("/").substr(0, 10));
  hooks_.excess_now = 1;
  tick();
  tick();
  EXPECT_TRUE(handed_.empty());
  hooks_.excess_now = 0;
  EXPECT_EQ(exchange(client, get("/").substr(10)), answer(200, "root"));
}

TEST_F(ServerRebalance, NeverGivesAConnectionAwayThatCannotBeMoved) {
  if (!uses_records()) GTEST_SKIP() << "These can be moved.";
  Client client = connect();
  exchange(client, get("/"));
  hooks_.excess_now = 1;
  tick();
  tick();
  EXPECT_EQ(hooks_.reliefs_offered, 0);
}

}  // namespace
}  // namespace prefork::engine
