// Clients that send without reading: they wait on themselves, and cost a bounded amount of memory.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionBackPressure : public HttpTest {
 protected:
  static std::pair<ipc::OwnedFd, ipc::OwnedFd> make_narrow_pair() {
    auto ends = make_pair();
    const int size = 8 * 1024;
    for (const int fd : {ends.first.get(), ends.second.get()}) {
      EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    }
    return ends;
  }

  // Sends whole requests until neither the server takes more nor the kernel. Returns the bytes.
  std::size_t flood(Client& client, const std::string& request) {
    const std::string requests = repeat(request, 1 + 64 * 1024 / request.size());
    std::size_t sent = 0;
    for (;;) {
      // Goes on within a request where the last send ended.
      const std::size_t size =
          client.send_some(std::string_view(requests).substr(sent % request.size()));
      turn();
      if (size == 0) {
        return sent;
      }
      sent += size;
    }
  }

  // Reads everything while sending the rest of the request that was cut.
  std::string drain(Client& client, std::string rest) {
    EXPECT_TRUE(turn_until([&] {
      rest.erase(0, client.send_some(rest));
      if (rest.empty()) {
        client.finish_sending();
      }
      return client.at_any_end();
    }));
    EXPECT_TRUE(client.at_clean_end());
    return client.take();
  }

  static std::string rest_of(const std::string& request, std::size_t sent) {
    return request.substr((sent - 1) % request.size() + 1);
  }
};

TEST_F(ConnectionBackPressure, AClientThatDoesNotReadStopsBeingRead) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_over(make_narrow_pair());
  const std::string request = get("/");
  const std::size_t sent = flood(client, request);
  const std::uint64_t taken = count(ipc::Counter::bytes_in);
  EXPECT_LT(taken, 200'000U);
  turn();
  EXPECT_EQ(count(ipc::Counter::bytes_in), taken);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);

  const std::string received = drain(client, rest_of(request, sent));
  const std::size_t requests = (sent + request.size() - 1) / request.size();
  EXPECT_EQ(count(ipc::Counter::requests), requests);
  EXPECT_EQ(received, repeat(answer(200, "root"), requests)) << "nothing lost, nothing reordered";
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionBackPressure, LargeAnswersAreNotMadeInAdvance) {
  PREFORK_SKIP_OVER_RECORDS();
  const std::string body(100'000, 'x');
  int made = 0;
  router_.add(http::Method::get, "/large", exchange::RunOn::loop,
              [&](const http::Request&, http::Response& response) {
                ++made;
                response.set_static_body(body);
              });
  Client client = connect_over(make_narrow_pair());
  const std::string request = get("/large", "X: " + std::string(4000, 'x') + "\r\n");
  const std::size_t sent = flood(client, request);
  EXPECT_LE(made, 4) << "one batch at most waits for the client";
  const std::string received = drain(client, rest_of(request, sent));
  const std::size_t requests = (sent + request.size() - 1) / request.size();
  EXPECT_EQ(static_cast<std::size_t>(made), requests);
  EXPECT_EQ(received, repeat(answer(200, body), requests));
}

TEST_F(ConnectionBackPressure, AJobThatEndsWhileTheClientDoesNotReadIsAnsweredInOrder) {
  HeldJobs held;
  executor_ = &held;
  const std::string body(200'000, 'x');
  router_.add(
      http::Method::get, "/large", exchange::RunOn::loop,
      [&](const http::Request&, http::Response& response) { response.set_static_body(body); });
  Client client = connect_over(make_narrow_pair());
  client.send(get("/large") + get("/slow") + get("/"));
  turn();
  ASSERT_EQ(held.jobs.size(), 1U);
  held.complete(server());
  turn();
  EXPECT_EQ(drain(client, ""), answer(200, body) + answer(200, "/slow ") + answer(200, "root"));
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionBackPressure, AnErrorBehindALargeAnswerIsDeliveredToo) {
  const std::string body(200'000, 'x');
  router_.add(
      http::Method::get, "/large", exchange::RunOn::loop,
      [&](const http::Request&, http::Response& response) { response.set_static_body(body); });
  Client client = connect_over(make_narrow_pair());
  client.send(get("/large") + kUnknownMethod + repeat(get("/"), 20));
  turn();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(), answer(200, body) + error_answer(501, "unknown method", kClose));
}

TEST_F(ConnectionBackPressure, AClientThatGoesInsteadOfReadingIsForgotten) {
  Client client = connect_over(make_narrow_pair());
  flood(client, get("/"));
  client.close();
  turn();
  EXPECT_EQ(server().connection_count(), 0U);
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
}

}  // namespace
}  // namespace prefork::engine
