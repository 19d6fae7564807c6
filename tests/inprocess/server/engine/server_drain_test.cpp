// A server that is told to come to an end: by handing its connections on, or by closing them.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ServerDrain : public HttpTest {
 protected:
  ServerDrain() { executor_ = &held_; }

  // Keeps what is handed on, as another process would get it: a duplicate.
  Place take(int socket, const ipc::HandedConnection& about) {
    handed_.emplace_back(about, ipc::OwnedFd(::fcntl(socket, F_DUPFD_CLOEXEC, 0)));
    return Place::given;
  }
  void hand_off_to_somebody() {
    hooks_.on_place = [this](int socket, const ipc::HandedConnection& about) {
      return about.requests == 0 && may_stay_ ? Place::here : take(socket, about);
    };
  }

  bool may_stay_ = false;
  HeldJobs held_;
  std::vector<std::pair<ipc::HandedConnection, ipc::OwnedFd>> handed_;
};

TEST_F(ServerDrain, AnEmptyServerIsDrainedAtOnceAndSaysSoOnce) {
  server().drain(DrainMode::close);
  EXPECT_TRUE(server().is_draining());
  EXPECT_EQ(hooks_.drained, 1);
  server().drain(DrainMode::close);
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ClosingEndsIdleConnectionsThatWereLeftAlone) {
  Client client = connect();
  exchange(client, get("/"));
  server().drain(DrainMode::close);
  EXPECT_EQ(hooks_.drained, 0) << "a request may be on its way";
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), "");
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ClosingAnswersARequestThatWasOnItsWayAndThenCloses) {
  Client client = connect();
  exchange(client, get("/"));
  server().drain(DrainMode::close);
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root", kClose));
  EXPECT_TRUE(client.at_clean_end());
  client.close();
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ClosingLetsARunningRequestFinish) {
  Client client = connect();
  exchange(client, get("/slow"));
  server().drain(DrainMode::close);
  turn();
  EXPECT_EQ(hooks_.drained, 0);
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow ", kClose));
  EXPECT_TRUE(client.at_clean_end());
  client.close();
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ClosingLetsABodyArrive) {
  Client client = connect();
  exchange(client, post("/echo", "12345").substr(0, 54));
  server().drain(DrainMode::close);
  turn();
  EXPECT_EQ(exchange(client, post("/echo", "12345").substr(54)),
            answer(200, "/echo 12345", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

// RFC 9112 section 9.6: a close with unread requests behind it becomes a reset on the wire, and the
// reset can take the last answer away from the client. The client had no way to know.
TEST_F(ServerDrain, AClientThatPipelinedIsNotResetWhenTheServerCloses) {
  Client client = connect();
  exchange(client, get("/slow"));
  client.send(get("/"));
  server().drain(DrainMode::close);
  turn();
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow ", kClose));
  EXPECT_TRUE(client.at_clean_end()) << "reset instead of closed";
}

TEST_F(ServerDrain, AClientWhoseRequestCrossesTheLastAnswerIsNotReset) {
  Client client = connect();
  exchange(client, get("/slow"));
  server().drain(DrainMode::close);
  turn();
  // The loop learns of the job before it learns of the request.
  client.send(get("/"));
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow ", kClose));
  EXPECT_TRUE(client.at_clean_end()) << "reset instead of closed";
}

TEST_F(ServerDrain, HandingOnGivesIdleConnectionsAwayAtOnce) {
  PREFORK_SKIP_OVER_RECORDS();
  hand_off_to_somebody();
  Client used = connect();
  exchange(used, get("/") + get("/"));
  Client fresh = connect();
  turn();
  server().drain(DrainMode::hand_off);
  turn();
  ASSERT_EQ(handed_.size(), 2U);
  EXPECT_EQ(handed_[0].first.requests, 2U);
  EXPECT_EQ(handed_[0].first.peer.family, ipc::PeerAddress::Family::local);
  EXPECT_EQ(handed_[1].first.requests, 0U);
  for (const FakeHooks::Placement& placement : hooks_.placements) {
    EXPECT_FALSE(placement.may_stay);
  }
  EXPECT_EQ(count(ipc::Counter::connections_handed_on), 2U);
  EXPECT_EQ(hooks_.drained, 1);
  EXPECT_FALSE(used.at_any_end()) << "the client notices nothing";
  EXPECT_FALSE(fresh.at_any_end());
}

TEST_F(ServerDrain, AHandedOnConnectionIsServedByItsNextServer) {
  PREFORK_SKIP_OVER_RECORDS();
  hand_off_to_somebody();
  Client client = connect();
  exchange(client, get("/"));
  server().drain(DrainMode::hand_off);
  turn();
  ASSERT_EQ(handed_.size(), 1U);

  const auto next_record = std::make_unique<ipc::WorkerRecord>();
  FakeHooks next_hooks;
  loop::EventLoop next_loop(clock_);
  HttpServer next(next_loop, settings_, router_, *next_record, log_, next_hooks, nullptr);
  next.start({});
  // A request that is sent while the connection belongs to nobody is not lost.
  client.send(get("/echo"));
  turn();
  EXPECT_EQ(client.take(), "") << "the old server is out of it";
  next.adopt(std::move(handed_[0].second), handed_[0].first);
  next_loop.poll();
  EXPECT_EQ(client.take(), answer(200, "/echo "));
  client.send(post("/echo", "x"));
  next_loop.poll();
  EXPECT_EQ(client.take(), answer(200, "/echo x"));
  EXPECT_EQ(next_record->counters.get(ipc::Counter::requests), 2U);
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
  client.close();
  next_loop.poll();
  EXPECT_EQ(next.connection_count(), 0U);
}

TEST_F(ServerDrain, HandingOnWaitsForARunningRequestAndKeepsTheConnectionAlive) {
  PREFORK_SKIP_OVER_RECORDS();
  hand_off_to_somebody();
  Client client = connect();
  exchange(client, get("/slow"));
  server().drain(DrainMode::hand_off);
  turn();
  EXPECT_TRUE(handed_.empty());
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow ")) << "no Connection: close";
  ASSERT_TRUE(turn_until([this] { return hooks_.drained == 1; }));
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_[0].first.requests, 1U);
  EXPECT_FALSE(client.at_any_end());
}

// One whose requests all take a thread, and whose client never pauses, is hardly ever seen idle.
TEST_F(ServerDrain, HandingOnTakesTheMomentBetweenTwoRequests) {
  PREFORK_SKIP_OVER_RECORDS();
  hand_off_to_somebody();
  Client client = connect();
  exchange(client, get("/slow"));
  server().drain(DrainMode::hand_off);
  turn();
  held_.complete(server());
  turn();
  EXPECT_EQ(handed_.size(), 1U) << "before the next tick";
}

TEST_F(ServerDrain, HandingOnNeverGivesAPartOfARequestAway) {
  PREFORK_SKIP_OVER_RECORDS();
  hand_off_to_somebody();
  Client client = connect();
  exchange(client, get("/").substr(0, 10));
  server().drain(DrainMode::hand_off);
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + 2; }));
  EXPECT_TRUE(handed_.empty());
  EXPECT_EQ(exchange(client, get("/").substr(10)), answer(200, "root"));
  ASSERT_TRUE(turn_until([this] { return hooks_.drained == 1; }));
  EXPECT_EQ(handed_.size(), 1U);
}

// A sibling may have handed something on before it knew of the end.
TEST_F(ServerDrain, WhatIsAdoptedAtTheEndIsServedAndThenTheEndIsToldAgain) {
  std::optional<Client> late;
  hooks_.when_drained = [&] {
    if (!late) {
      late.emplace(connect());
    }
  };
  Client first = connect();
  turn();
  server().drain(DrainMode::close);
  first.close();
  ASSERT_TRUE(turn_until([&] { return late.has_value(); }));
  EXPECT_EQ(exchange(*late, get("/")), answer(200, "root", kClose));
  late->close();
  EXPECT_TRUE(turn_until([this] { return hooks_.drained == 2; }));
  turn();
  EXPECT_EQ(hooks_.drained, 2);
}

TEST_F(ServerDrain, WhoeverAbandonsTheConnectionsIsNotToldThatTheyAreGone) {
  Client first = connect();
  Client second = connect();
  turn();
  server().drain(DrainMode::close);
  server().abandon_all();
  EXPECT_EQ(server().connection_count(), 0U);
  EXPECT_EQ(hooks_.drained, 0);
}

TEST_F(ServerDrain, HandingOnTriesAgainWhenTheOthersAreFull) {
  PREFORK_SKIP_OVER_RECORDS();
  int full = 2;
  hooks_.on_place = [&](int socket, const ipc::HandedConnection& about) {
    return full-- > 0 ? Place::full : take(socket, about);
  };
  Client first = connect();
  Client second = connect();
  turn();
  server().drain(DrainMode::hand_off);
  turn();
  EXPECT_EQ(hooks_.drained, 0);
  EXPECT_EQ(exchange(first, get("/")), answer(200, "root")) << "served here meanwhile";
  ASSERT_TRUE(turn_until([this] { return hooks_.drained == 1; }));
  EXPECT_EQ(handed_.size(), 2U);
  EXPECT_FALSE(first.at_any_end());
  EXPECT_FALSE(second.at_any_end());
}

TEST_F(ServerDrain, HandingOnTurnsIntoClosingWhenNobodyIsLeft) {
  PREFORK_SKIP_OVER_RECORDS();
  hooks_.on_place = [](int, const ipc::HandedConnection&) { return Place::nowhere; };
  Client idle = connect();
  Client busy = connect();
  exchange(busy, get("/slow"));
  server().drain(DrainMode::hand_off);
  turn();
  held_.complete(server());
  turn();
  EXPECT_EQ(busy.take(), answer(200, "/slow ", kClose));
  ASSERT_TRUE(turn_until_end(idle));
  busy.close();
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ALaterCloseOverridesHandingOn) {
  hooks_.on_place = [](int, const ipc::HandedConnection&) { return Place::full; };
  Client client = connect();
  exchange(client, get("/"));
  server().drain(DrainMode::hand_off);
  turn();
  server().drain(DrainMode::close);
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root", kClose));
  EXPECT_TRUE(client.at_clean_end());
  client.close();
  turn();
  EXPECT_EQ(hooks_.drained, 1);
}

TEST_F(ServerDrain, ALaterHandOnDoesNotOverrideClosing) {
  hand_off_to_somebody();
  Client client = connect();
  exchange(client, get("/"));
  server().drain(DrainMode::close);
  server().drain(DrainMode::hand_off);
  turn();
  EXPECT_TRUE(handed_.empty());
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root", kClose));
}

TEST_F(ServerDrain, AConnectionAdoptedWhileDrainingIsStillAnswered) {
  Client before = connect();
  server().drain(DrainMode::close);
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

}  // namespace
}  // namespace prefork::engine
