// What goes over the wire when all goes well: send these bytes, expect those.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionWire : public HttpTest {};

TEST_F(ConnectionWire, AnswersARequest) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
  EXPECT_FALSE(client.at_any_end());
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 1U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, AnswersWhatWasSentBeforeTheConnectionWasAdopted) {
  PREFORK_SKIP_OVER_RECORDS();
  auto ends = make_pair();
  const std::string request = get("/");
  ASSERT_EQ(::send(ends.second.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  Client client = connect_over(std::move(ends));
  EXPECT_EQ(client.take(), answer(200, "root")) << "without a turn of the loop";
}

TEST_F(ConnectionWire, KeepsTheConnectionForManyRequests) {
  Client client = connect();
  for (int i = 0; i < 50; ++i) {
    const std::string path = "/echo";
    ASSERT_EQ(exchange(client, post(path, std::to_string(i))),
              answer(200, "/echo " + std::to_string(i)));
    EXPECT_EQ(gauge(ipc::Gauge::connections_active), 1U);
    EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  }
  EXPECT_EQ(count(ipc::Counter::requests), 50U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 50U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, CountsBytesInBothDirections) {
  Client client = connect();
  const std::string request = post("/echo", "12345");
  client.send(request);
  turn();
  EXPECT_EQ(count(ipc::Counter::bytes_in), request.size());
  EXPECT_EQ(count(ipc::Counter::bytes_out), client.received().size());
}

TEST_F(ConnectionWire, AnswersAPipelineInOrderWithOneWrite) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_by_packets();
  client.send(get("/") + post("/echo", "one") + get("/nowhere") + get("/echo"));
  turn();
  EXPECT_EQ(client.take_one_write(), answer(200, "root") + answer(200, "/echo one") +
                                         error_answer(404, "") + answer(200, "/echo "));
  EXPECT_EQ(client.take(), "");
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, ManyPipelinedRequestsCostFewWrites) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_by_packets();
  client.send(repeat(get("/"), 500));
  turn();
  EXPECT_EQ(client.take_one_write(), repeat(answer(200, "root"), 500));
  EXPECT_EQ(client.take(), "");
  EXPECT_EQ(count(ipc::Counter::requests), 500U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, APipelineCutAnywhereGetsTheSameAnswers) {
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n";
  const std::string requests = get("/") + post("/echo", "one") + "\r\n" + chunked +
                               get("/echo?q", "X: y\r\n") + post("/nowhere", "unread") +
                               "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string head = answer(200, "root").substr(0, answer(200, "root").size() - 4);
  const std::string answers = answer(200, "root") + answer(200, "/echo one") +
                              answer(200, "/echo abcde") + answer(200, "/echo ") +
                              error_answer(404, "") + head;
  Client client = connect();
  ASSERT_EQ(exchange(client, requests), answers);
  for (std::size_t cut = 1; cut < requests.size(); ++cut) {
    std::string received = exchange(client, std::string_view(requests).substr(0, cut));
    received += exchange(client, std::string_view(requests).substr(cut));
    ASSERT_EQ(received, answers) << "cut at " << cut;
  }
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, APipelineSentByteByByteGetsTheSameAnswers) {
  const std::string requests =
      "\r\n" + get("/") + post("/echo", "one") +
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  Client client = connect();
  std::string received;
  for (const char byte : requests) {
    received += exchange(client, std::string_view(&byte, 1));
  }
  EXPECT_EQ(received, answer(200, "root") + answer(200, "/echo one") + answer(200, "/echo abc"));
  EXPECT_EQ(count(ipc::Counter::bytes_in), requests.size());
}

TEST_F(ConnectionWire, HandlersSeeTheWholeRequestHoweverItCame) {
  std::vector<std::string> seen;
  router_.add(http::Method::put, "/see it", exchange::RunOn::loop,
              [&seen](const http::Request& request, http::Response&) {
                std::string text = std::string(request.method_text) + "|" +
                                   std::string(request.target) + "|" + std::string(request.query) +
                                   "|" + std::string(request.host) + "|" +
                                   std::string(request.body) + "|" + ipc::to_string(request.peer) +
                                   "|" + std::to_string(request.id);
                for (const http::Field& field : request.fields) {
                  text += "|" + std::string(field.name) + "=" + std::string(field.value);
                }
                seen.push_back(std::move(text));
              });
  const std::string request =
      "PUT /see%20it?a=b HTTP/1.1\r\nHost: h:1\r\nX-Y:  z \r\nContent-Length: 4\r\n\r\nbody";
  Client client = connect();
  exchange(client, request);
  for (const std::size_t cut : {3U, 70U, static_cast<unsigned>(request.size() - 4),
                                static_cast<unsigned>(request.size() - 1)}) {
    exchange(client, request.substr(0, cut));
    exchange(client, request.substr(cut));
  }
  ASSERT_EQ(seen.size(), 5U);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], "PUT|/see%20it?a=b|a=b|h:1|body|unix|" + std::to_string(i + 1) +
                           "|Host=h:1|X-Y=z|Content-Length=4");
  }
}

TEST_F(ConnectionWire, HeadGetsTheHeadOfGet) {
  Client client = connect();
  const std::string whole = answer(200, "root");
  EXPECT_EQ(exchange(client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
            whole.substr(0, whole.size() - 4));
  EXPECT_EQ(exchange(client, get("/")), whole) << "the next answer starts where a body would be";
}

TEST_F(ConnectionWire, AnswersForPathsAndMethodsWithoutAHandler) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/nowhere")), error_answer(404, ""));
  EXPECT_EQ(exchange(client, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"),
            error_answer(405, "", "Allow: OPTIONS, GET, HEAD\r\n"));
  EXPECT_EQ(exchange(client, "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\nServer: prefork-server\r\nDate: D\r\n"
            "Allow: OPTIONS, GET, HEAD, POST\r\n\r\n");
  EXPECT_EQ(exchange(client, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\nServer: prefork-server\r\nDate: D\r\n\r\n");
  EXPECT_FALSE(client.at_any_end());
  EXPECT_EQ(count(ipc::Counter::unsupported_requests), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_4xx), 2U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 2U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionWire, ABodyThatNobodyWantsIsReadAndTheConnectionKept) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/nowhere", get("/smuggled"))), error_answer(404, ""));
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
}

TEST_F(ConnectionWire, Http10IsAnsweredAndClosed) {
  Client client = connect();
  EXPECT_EQ(exchange(client, "GET / HTTP/1.0\r\n\r\n"), answer(200, "root", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

TEST_F(ConnectionWire, Http10IsKeptWhenItAsksForThat) {
  Client client = connect();
  const std::string request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(exchange(client, request), answer(200, "root", "Connection: keep-alive\r\n"));
  }
  EXPECT_FALSE(client.at_any_end());
}

TEST_F(ConnectionWire, NothingRunsBehindARequestThatCloses) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/", "Connection: close\r\n") + get("/echo") + get("/echo")),
            answer(200, "root", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
}

TEST_F(ConnectionWire, AHandlerMayCloseTheConnection) {
  router_.add(http::Method::get, "/bye", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_static_body("bye");
                response.close_connection();
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/bye") + get("/")), answer(200, "bye", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

TEST_F(ConnectionWire, TakesLargeBodiesInPieces) {
  const std::string body(settings_.limits.body, 'b');
  const std::string request = post("/echo", body);
  Client client = connect();
  std::size_t sent = 0;
  ASSERT_TRUE(turn_until([&] {
    sent += client.send_some(std::string_view(request).substr(sent));
    return sent == request.size();
  }));
  const std::string expected = answer(200, "/echo " + body);
  ASSERT_TRUE(turn_until([&] { return client.received().size() > body.size() + 100; }));
  turn();
  EXPECT_EQ(client.take(), expected);
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
  EXPECT_EQ(count(ipc::Counter::bytes_in), request.size() + get("/").size());
}

TEST_F(ConnectionWire, TakesLargeChunkedBodiesInPieces) {
  const std::string chunk = "2000\r\n" + std::string(0x2000, 'c') + "\r\n";
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + repeat(chunk, 100) +
      "0\r\n\r\n";
  Client client = connect();
  std::size_t sent = 0;
  ASSERT_TRUE(turn_until([&] {
    sent += client.send_some(std::string_view(request).substr(sent, 3001));
    return sent == request.size();
  }));
  const std::string body = "/echo " + std::string(0x2000 * 100, 'c');
  ASSERT_TRUE(turn_until([&] { return client.received().size() > body.size() + 100; }));
  EXPECT_EQ(client.take(), answer(200, body));
}

TEST_F(ConnectionWire, DeliversALargeAnswerToAClientThatReadsSlowly) {
  const std::string body(5'000'000, 'x');
  router_.add(
      http::Method::get, "/large", exchange::RunOn::loop,
      [&body](const http::Request&, http::Response& response) { response.set_static_body(body); });
  Client client = connect();
  client.send(get("/large") + get("/"));
  ASSERT_TRUE(turn_until([&] { return client.received().ends_with("root"); }));
  EXPECT_EQ(client.take(), answer(200, body) + answer(200, "root"));
}

TEST_F(ConnectionWire, AHalfClosedClientGetsItsAnswer) {
  Client client = connect();
  client.send(get("/"));
  client.finish_sending();
  turn();
  EXPECT_EQ(client.take(), answer(200, "root"));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::peer_resets), 0U);
}

TEST_F(ConnectionWire, AHalfClosedClientGetsAllAnswersOfItsPipeline) {
  auto ends = make_pair();
  const std::string requests = repeat(get("/"), 2000);
  Client early(std::move(ends.second));
  ASSERT_EQ(early.send_some(requests), requests.size());
  early.finish_sending();
  ipc::HandedConnection about;
  server().adopt(std::move(ends.first), about);
  ASSERT_TRUE(turn_until_end(early));
  EXPECT_EQ(early.take(), repeat(answer(200, "root"), 2000));
}

TEST_F(ConnectionWire, AClientThatSaysNothingAndGoesIsNoError) {
  Client client = connect();
  turn();
  client.close();
  turn();
  EXPECT_EQ(count(ipc::Counter::peer_resets), 0U);
  EXPECT_EQ(count(ipc::Counter::bad_requests), 0U);
  EXPECT_EQ(count(ipc::Counter::connections_closed), 1U);
}

TEST_F(ConnectionWire, AClientThatGoesWithinARequestIsCounted) {
  for (const std::string& part : {get("/").substr(0, 20), post("/echo", "12345").substr(0, 54)}) {
    Client client = connect();
    EXPECT_EQ(exchange(client, part), "");
    client.close();
    turn();
  }
  EXPECT_EQ(count(ipc::Counter::peer_resets), 2U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 0U) << "half a request is none";
}

TEST_F(ConnectionWire, ABlankLineAfterARequestLeavesTheConnectionIdle) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/echo", "x") + "\r\n"), answer(200, "/echo x"));
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  client.close();
  turn();
  EXPECT_EQ(count(ipc::Counter::peer_resets), 0U) << "no request had begun";
}

// Each would give an idle connection its whole patience anew.
TEST_F(ConnectionWire, BlankLinesThatComeOneByOneAreCountedTogether) {
  Client client = connect();
  exchange(client, get("/"));
  for (int line = 0; line < 8; ++line) {
    EXPECT_EQ(exchange(client, "\r\n"), "");
    EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  }
  EXPECT_THAT(exchange(client, "\r\n"), testing::StartsWith("HTTP/1.1 400 "));
}

TEST_F(ConnectionWire, BlankLinesAreCountedAnewForEachRequest) {
  Client client = connect();
  for (int request = 0; request < 3; ++request) {
    EXPECT_EQ(exchange(client, "\r\n\r\n\r\n"), "");
    EXPECT_EQ(exchange(client, "\r\n\r\n\r\n" + get("/")), answer(200, "root"));
  }
}

TEST_F(ConnectionWire, AConnectionIsIdleOnlyBetweenRequests) {
  Client client = connect();
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  exchange(client, "GET");
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
  exchange(client, " / HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\n");
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
  exchange(client, "Host: a\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
  exchange(client, "x");
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
}

TEST_F(ConnectionWire, ManyConnectionsAreServedSideBySide) {
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(connect());
  }
  EXPECT_EQ(gauge(ipc::Gauge::connections_active), 100U);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].send(post("/echo", std::to_string(i)));
  }
  turn();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].take(), answer(200, "/echo " + std::to_string(i)));
  }
  expect_a_latency_for_each_request();
}

}  // namespace
}  // namespace prefork::engine
