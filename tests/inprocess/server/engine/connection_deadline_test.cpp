// Clients that are slow on purpose or by fate. The deadlines are short; the tests wait for what
// follows from them, never for a fixed time.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionDeadline : public HttpTest {
 protected:
  ConnectionDeadline() {
    // One deadline at a time: the others are far away.
    settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
        settings_.timeouts.keep_alive = 1h;
    executor_ = &held_;
  }

  // Sends a little with each tick of the server. True when the server has had enough.
  bool trickle(Client& client, std::string_view bytes) {
    if (hooks_.ticks != trickled_at_tick_) {
      trickled_at_tick_ = hooks_.ticks;
      client.send_some(bytes);
    }
    return client.at_any_end();
  }

  HeldJobs held_;
  int trickled_at_tick_ = 0;
};

const std::string kHeadTooSlow = error_answer(408, "the request's head took too long", kClose);
const std::string kBodyTooSlow = error_answer(408, "the request's body took too long", kClose);

TEST_F(ConnectionDeadline, AConnectionThatNeverSaysAnythingIsClosedSilently) {
  settings_.timeouts.header = 50ms;
  Client client = connect();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), "");
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 1U);
  EXPECT_EQ(count(ipc::Counter::timeouts_keep_alive), 0U);
}

TEST_F(ConnectionDeadline, AnIdleConnectionIsClosedSilentlyAfterTheKeepAliveTime) {
  settings_.timeouts.keep_alive = 50ms;
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), "");
  EXPECT_EQ(count(ipc::Counter::timeouts_keep_alive), 1U);
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 0U);
}

TEST_F(ConnectionDeadline, AHandedOnConnectionIsGivenTheKeepAliveTime) {
  settings_.timeouts.keep_alive = 50ms;
  Client client = connect(3);
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(count(ipc::Counter::timeouts_keep_alive), 1U);
}

TEST_F(ConnectionDeadline, ANewRequestEndsTheKeepAliveTime) {
  settings_.timeouts.keep_alive = 50ms;
  Client client = connect();
  exchange(client, get("/"));
  exchange(client, "GET");
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + 3; }));
  EXPECT_FALSE(client.at_any_end()) << "three sweeps later it still has time for its head";
  EXPECT_EQ(exchange(client, get("/").substr(3)), answer(200, "root"));
}

TEST_F(ConnectionDeadline, AHeadThatTricklesInIsCutWhateverItsPace) {
  settings_.timeouts.header = 250ms;
  Client client = connect();
  client.send("GET / HTTP/1.1\r\nX: ");
  ASSERT_TRUE(turn_until([&] { return trickle(client, "x"); }));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), kHeadTooSlow);
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_4xx), 1U);
}

TEST_F(ConnectionDeadline, ALaterHeadHasItsOwnDeadline) {
  settings_.timeouts.header = 50ms;
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/") + "GET"), answer(200, "root"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), kHeadTooSlow);
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 1U);
}

TEST_F(ConnectionDeadline, ABodyThatDoesNotComeIsCut) {
  settings_.timeouts.body = 50ms;
  Client client = connect();
  exchange(client, post("/echo", "12345").substr(0, post("/echo", "12345").size() - 1));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), kBodyTooSlow);
  EXPECT_EQ(count(ipc::Counter::timeouts_body), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 0U);
}

TEST_F(ConnectionDeadline, ABodyEarnsTimeWithItsBytes) {
  settings_.timeouts.body = 10ms;
  Client client = connect();
  const std::uint64_t start_ns = clock_.now_ns();
  // 200 bytes at 500 a second: 400 ms more.
  exchange(client, post("/echo", std::string(1000, 'x')).substr(0, 250));
  ASSERT_TRUE(turn_until_end(client));
  const std::chrono::nanoseconds lasted(clock_.now_ns() - start_ns);
  EXPECT_EQ(client.take(), kBodyTooSlow);
  const std::size_t head = post("/echo", std::string(1000, 'x')).size() - 1000;
  EXPECT_GE(lasted, 10ms + std::chrono::milliseconds((250 - head) * 2));
}

TEST_F(ConnectionDeadline, AChunkSizeThatTricklesInEarnsNoTime) {
  settings_.timeouts.body = 250ms;
  Client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(turn_until([&] { return trickle(client, "0"); }));
  EXPECT_EQ(client.take(), kBodyTooSlow);
}

TEST_F(ConnectionDeadline, AClientThatDoesNotReadIsCut) {
  settings_.timeouts.write = 100ms;
  router_.add(http::Method::get, "/large", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_body(std::string(5'000'000, 'x'));
              });
  Client client = connect();
  client.send(get("/large"));
  turn();
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
  ASSERT_TRUE(turn_until([this] { return server().connection_count() == 0; }));
  EXPECT_EQ(count(ipc::Counter::timeouts_write), 1U);
}

TEST_F(ConnectionDeadline, AClientThatReadsSlowlyIsNotCut) {
  settings_.timeouts.write = 400ms;
  const std::string body(1'200'000, 'x');
  router_.add(
      http::Method::get, "/large", exchange::RunOn::loop,
      [&body](const http::Request&, http::Response& response) { response.set_static_body(body); });
  Client client = connect();
  client.send(get("/large"));
  // A read now and then: each makes room and so renews the deadline.
  int ticks = 0;
  ASSERT_TRUE(turn_until([&] {
    if (hooks_.ticks != ticks) {
      ticks = hooks_.ticks;
      client.read(true);
    }
    return server().connection_count() == 0 || count(ipc::Counter::bytes_out) >= body.size();
  }));
  EXPECT_EQ(count(ipc::Counter::timeouts_write), 0U);
  ASSERT_TRUE(turn_until([&] { return client.received().size() >= body.size(); }));
  EXPECT_EQ(client.take(), answer(200, body));
}

TEST_F(ConnectionDeadline, AJobHasAllTheTimeInTheWorld) {
  settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
      settings_.timeouts.keep_alive = 10ms;
  Client client = connect();
  client.send(get("/slow"));
  turn();
  const int ticks = hooks_.ticks;
  ASSERT_TRUE(turn_until([&] { return hooks_.ticks >= ticks + 3; }));
  EXPECT_FALSE(client.at_any_end());
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow "));
}

TEST_F(ConnectionDeadline, OtherClientsAreServedBesideASlowOne) {
  settings_.timeouts.header = 50ms;
  Client slow = connect();
  slow.send("GET / ");
  ASSERT_TRUE(turn_until([&] {
    Client quick = connect();
    EXPECT_EQ(exchange(quick, get("/")), answer(200, "root"));
    return slow.at_any_end();
  }));
}

}  // namespace
}  // namespace prefork::engine
