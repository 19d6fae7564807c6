// What comes before the first request: the PROXY preamble, and the handshake of a transport.
#include <gtest/gtest.h>

#include <string>

#include "server/http/address.h"
#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

const std::string kPreamble = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";

class ConnectionOpening : public HttpTest {
 protected:
  ConnectionOpening() {
    settings_.timeouts.header = 5s;
    settings_.timeouts.keep_alive = 1h;
    router_.add(http::Method::get, "/me", exchange::RunOn::loop,
                [](const http::Request& request, http::Response& response) {
                  response.set_body(ipc::to_string(request.peer));
                });
  }

  // From a listener whose connections begin with a preamble.
  Client connect_by_proxy(const std::string& proxy = "127.0.0.1") {
    auto ends = make_pair();
    ipc::HandedConnection about;
    about.awaits_preamble = 1;
    about.peer = http::parse_address(proxy).value();
    const auto* const transports = uses_records() ? &records_ : nullptr;
    server().adopt(std::move(ends.first), about, transports);
    return Client(std::move(ends.second));
  }
};

TEST_F(ConnectionOpening, ThePreambleSaysWhoTheClientIs) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_by_proxy();
  EXPECT_EQ(gauge(ipc::Gauge::connections_active), 1U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U) << "somebody is on the way";
  EXPECT_EQ(exchange(client, kPreamble + get("/me")), answer(200, "203.0.113.7:4711"));
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  EXPECT_EQ(exchange(client, get("/me")), answer(200, "203.0.113.7:4711"));
}

TEST_F(ConnectionOpening, ThePreambleMayComeInAnyPieces) {
  PREFORK_SKIP_OVER_RECORDS();
  const std::string all = kPreamble + get("/me");
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    Client client = connect_by_proxy();
    exchange(client, all.substr(0, cut));
    EXPECT_EQ(exchange(client, all.substr(cut)), answer(200, "203.0.113.7:4711")) << cut;
  }
}

TEST_F(ConnectionOpening, AWrongPreambleEndsTheConnectionWithOneLineForAll) {
  PREFORK_SKIP_OVER_RECORDS();
  for (int i = 0; i < 3; ++i) {
    Client client = connect_by_proxy();
    EXPECT_EQ(exchange(client, get("/")), "");
    EXPECT_TRUE(client.at_any_end());
  }
  EXPECT_EQ(count(ipc::Counter::bad_requests), 3U);
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second.rfind("connection of 127.0.0.1:0 closed: ", 0), 0U);
}

TEST_F(ConnectionOpening, OnlyWhoMaySendAPreambleIsHeard) {
  Client client = connect_by_proxy("203.0.113.9");
  turn();
  EXPECT_TRUE(client.at_any_end());
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second,
            "connection of 203.0.113.9:0 closed: not allowed to send a PROXY preamble "
            "(--proxy-allow-from)");
}

TEST_F(ConnectionOpening, ThePreambleAndTheFirstHeadHaveOneTime) {
  PREFORK_SKIP_OVER_RECORDS();
  Client silent = connect_by_proxy();
  Client slow = connect_by_proxy();
  clock_.advance(4s);
  exchange(slow, kPreamble + "GET /");
  clock_.advance(1100ms);
  turn();
  EXPECT_TRUE(silent.at_any_end());
  EXPECT_EQ(slow.take(), error_answer(408, "the request's head took too long", kClose));
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 2U);
}

TEST_F(ConnectionOpening, AClientThatGoesBeforeItHasSaidAnythingIsNoError) {
  {
    const Client client = connect_by_proxy();
    turn();
  }
  turn();
  EXPECT_EQ(server().connection_count(), 0U);
  EXPECT_TRUE(hooks_.reports.empty());
}

TEST_F(ConnectionOpening, AHandshakeTakesItsTimeFromTheFirstRequest) {
  if (!uses_records()) {
    GTEST_SKIP() << "plain sockets have no handshake";
  }
  auto ends = make_pair();
  ipc::HandedConnection about;
  about.peer.family = ipc::PeerAddress::Family::local;
  server().adopt(std::move(ends.first), about, &records_);
  Client client(std::move(ends.second));  // which says nothing
  clock_.advance(5100ms);
  turn();
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(count(ipc::Counter::timeouts_header), 1U);
}

TEST_F(ConnectionOpening, APreambleComesInFrontOfTheHandshake) {
  if (!uses_records()) {
    GTEST_SKIP() << "plain sockets have no handshake";
  }
  auto ends = make_pair();
  ipc::HandedConnection about;
  about.awaits_preamble = 1;
  about.peer = http::parse_address("127.0.0.1").value();
  server().adopt(std::move(ends.first), about, &records_);
  ASSERT_EQ(::send(ends.second.get(), kPreamble.data(), kPreamble.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kPreamble.size()));
  Client client(std::move(ends.second), [this] { turn(); });
  EXPECT_EQ(exchange(client, get("/me")), answer(200, "203.0.113.7:4711"));
}

}  // namespace
}  // namespace prefork::engine
