// Clients that ask before they send a body (Expect: 100-continue).
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionContinue : public HttpTest {};

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string expecting(std::string_view path, std::string_view version = "1.1") {
  return "POST " + std::string(path) + " HTTP/" + std::string(version) +
         "\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
}

TEST_F(ConnectionContinue, AsksForABodyThatAHandlerWillRead) {
  Client client = connect();
  EXPECT_EQ(exchange(client, expecting("/echo")), kContinue);
  EXPECT_EQ(exchange(client, "hi"), answer(200, "/echo hi"));
  EXPECT_EQ(count(ipc::Counter::responses_1xx), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 1U);
}

TEST_F(ConnectionContinue, AsksForAChunkedBody) {
  Client client = connect();
  EXPECT_EQ(exchange(client,
                     "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n"),
            kContinue);
  EXPECT_EQ(exchange(client, "2\r\nhi\r\n0\r\n\r\n"), answer(200, "/echo hi"));
}

TEST_F(ConnectionContinue, AsksInTheOrderOfThePipeline) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/") + expecting("/echo")),
            answer(200, "root") + std::string(kContinue));
  EXPECT_EQ(exchange(client, "hi"), answer(200, "/echo hi"));
}

TEST_F(ConnectionContinue, DoesNotAskForABodyThatComesByItself) {
  Client client = connect();
  EXPECT_EQ(exchange(client, expecting("/echo") + "hi"), answer(200, "/echo hi"));
  EXPECT_EQ(exchange(client, expecting("/echo") + "h"), "");
  EXPECT_EQ(exchange(client, "i"), answer(200, "/echo hi"));
  EXPECT_EQ(count(ipc::Counter::responses_1xx), 0U);
}

TEST_F(ConnectionContinue, DoesNotAskAnHttp10Client) {
  Client client = connect();
  EXPECT_EQ(exchange(client, expecting("/echo", "1.0")), "");
  EXPECT_EQ(exchange(client, "hi"), answer(200, "/echo hi", kClose));
}

TEST_F(ConnectionContinue, DoesNotAskForAnEmptyBody) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/", "Expect: 100-continue\r\n")), answer(200, "root"));
  EXPECT_EQ(exchange(client, post("/echo", "", "Expect: 100-continue\r\n")), answer(200, "/echo "));
}

TEST_F(ConnectionContinue, AnswersFinallyInsteadOfAskingWhenNobodyWouldReadTheBody) {
  Client client = connect();
  EXPECT_EQ(exchange(client, expecting("/nowhere")), error_answer(404, "", kClose));
  EXPECT_TRUE(client.at_clean_end());
  client.send("hi");
  turn();
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionContinue, RefusesAnUnknownExpectation) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/", "Expect: foo\r\n")),
            error_answer(417, "unknown expectation", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::unsupported_requests), 1U);
}

}  // namespace
}  // namespace prefork::engine
