// Messages of which little has come: they wait as bytes, and nobody notices but the memory.
#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionShortMessage : public HttpTest {
 protected:
  // What a client costs that has sent so much and no more. (Nothing where a sanitizer has
  // its own allocator.)
  std::size_t bytes_per_client(std::string_view sent) {
    constexpr std::size_t kClients = 200;
    std::vector<Client> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(connect());
    }
    exchange(clients.front(), get("/"));  // what the server keeps for everybody is there
    const std::size_t before = ::mallinfo2().uordblks;
    for (Client& client : clients) {
      client.send(sent);
    }
    turn();
    return (::mallinfo2().uordblks - before) / kClients;
  }
};

TEST_F(ConnectionShortMessage, WaitsInHundredsOfBytes) {
  PREFORK_SKIP_OVER_RECORDS();
  const std::string fields = "X-Field: " + std::string(300, 'x') + "\r\n";
  EXPECT_LT(bytes_per_client(get("/", fields).substr(0, 300)), 700U) << "a head";
  const std::string whole = post("/echo", std::string(200, 'x'), fields);
  EXPECT_LT(bytes_per_client(whole.substr(0, whole.size() - 100)), 900U) << "a body";
}

TEST_F(ConnectionShortMessage, ABodyInManyPiecesIsOneRequest) {
  Client client = connect();
  const std::string whole = post("/echo", "a body in pieces");
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    EXPECT_EQ(exchange(client, whole.substr(i, 1)), "");
    EXPECT_EQ(count(ipc::Counter::requests), 0U);
  }
  EXPECT_EQ(exchange(client, whole.substr(whole.size() - 1) + get("/")),
            answer(200, "/echo a body in pieces") + answer(200, "root"));
  EXPECT_EQ(count(ipc::Counter::requests), 2U);
}

TEST_F(ConnectionShortMessage, ABodyMayBecomeALongOne) {
  Client client = connect();
  std::string body;
  for (int i = 0; i < 5000; ++i) {
    body.push_back(static_cast<char>('a' + i % 26));
  }
  const std::string whole = post("/echo", body);
  std::string received;
  for (std::size_t i = 0; i < whole.size(); i += 300) {
    received += exchange(client, whole.substr(i, 300));
  }
  EXPECT_EQ(received, answer(200, "/echo " + body));
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
}

TEST_F(ConnectionShortMessage, BehindAnotherRequestDoesNotHoldThatOneUp) {
  Client client = connect();
  const std::string second = post("/echo", "later");
  EXPECT_EQ(exchange(client, get("/") + second.substr(0, second.size() - 2)), answer(200, "root"));
  EXPECT_EQ(exchange(client, second.substr(second.size() - 2)), answer(200, "/echo later"));
}

TEST_F(ConnectionShortMessage, ABodyThatTricklesInIsCutWhateverItsPace) {
  settings_.timeouts.body = std::chrono::milliseconds(250);
  Client client = connect();
  const std::string whole = post("/echo", std::string(500, 'x'));
  exchange(client, whole.substr(0, whole.size() - 500));
  int ticks = 0;
  ASSERT_TRUE(turn_until([&] {
    if (hooks_.ticks != ticks) {
      ticks = hooks_.ticks;
      client.send_some("x");
    }
    return client.at_any_end();
  }));
  EXPECT_EQ(client.take(), error_answer(408, "the request's body took too long", kClose));
  EXPECT_EQ(count(ipc::Counter::timeouts_body), 1U);
}

TEST_F(ConnectionShortMessage, TheErrorForAHeadRequestHasNoContent) {
  settings_.timeouts.body = std::chrono::milliseconds(50);
  Client client = connect();
  exchange(client, "HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  ASSERT_TRUE(turn_until_end(client));
  const std::string received = client.take();
  EXPECT_TRUE(received.starts_with("HTTP/1.1 408 ")) << received;
  EXPECT_TRUE(received.ends_with("\r\n\r\n")) << received;
}

TEST_F(ConnectionShortMessage, BlankLinesAreCountedWhereverTheyAreCut) {
  for (const std::size_t size : {1U, 2U, 3U}) {
    Client client = connect();
    const std::string blank = repeat("\r\n", 12);
    for (std::size_t i = 0; i < blank.size() && !client.at_any_end(); i += size) {
      client.send_some(blank.substr(i, size));
      turn();
    }
    EXPECT_TRUE(client.take().starts_with("HTTP/1.1 400 ")) << "in pieces of " << size;
  }
}

}  // namespace
}  // namespace prefork::engine
