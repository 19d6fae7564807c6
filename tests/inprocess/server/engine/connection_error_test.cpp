// Requests that may not be accepted, handlers that fail, limits that are reached.
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionError : public HttpTest {
 protected:
  // Sends something that is answered with an error, then goes on sending: the answer must be
  // readable, and the connection must end.
  void expect_refusal(const std::string& bytes, const std::string& expected) {
    SCOPED_TRACE(bytes.substr(0, 60));
    Client client = connect();
    EXPECT_EQ(exchange(client, bytes), expected);
    EXPECT_TRUE(client.at_clean_end());
  }
};

TEST_F(ConnectionError, AnswersWhatIsNoRequestAndEndsTheConnection) {
  expect_refusal("\x16\x03\x01 nonsense", error_answer(400, "malformed request line", kClose));
  expect_refusal("GET / HTTP/1.1\r\n\r\n", error_answer(400, "no Host field", kClose));
  EXPECT_EQ(count(ipc::Counter::bad_requests), 2U);
  EXPECT_EQ(count(ipc::Counter::requests), 0U);
  EXPECT_EQ(count(ipc::Counter::responses_4xx), 2U);
}

TEST_F(ConnectionError, CountsErrorsByKind) {
  expect_refusal("FOO / HTTP/1.1\r\nHost: a\r\n\r\n", error_answer(501, "unknown method", kClose));
  expect_refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n",
                 error_answer(505, "only HTTP/1.0 and HTTP/1.1 are spoken here", kClose));
  EXPECT_EQ(count(ipc::Counter::unsupported_requests), 2U);
  expect_refusal(get("/" + std::string(9000, 'a')),
                 error_answer(414, "request line over the limit", kClose));
  expect_refusal(get("/", "X: " + std::string(40'000, 'a') + "\r\n"),
                 error_answer(431, "header section over the limit", kClose));
  expect_refusal("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n",
                 error_answer(413, "body over the limit", kClose));
  EXPECT_EQ(count(ipc::Counter::limit_errors), 3U);
  EXPECT_EQ(count(ipc::Counter::bad_requests), 0U);
  EXPECT_EQ(count(ipc::Counter::responses_4xx), 3U);
  EXPECT_EQ(count(ipc::Counter::responses_5xx), 2U);
}

TEST_F(ConnectionError, AnswersWhatCameBeforeTheErrorAndNothingBehindIt) {
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/") + kUnknownMethod + get("/echo")),
            answer(200, "root") + error_answer(501, "unknown method", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
}

TEST_F(ConnectionError, ABadChunkIsAnErrorAndTheHandlerNeverRuns) {
  int runs = 0;
  router_.add(http::Method::post, "/count", exchange::RunOn::loop,
              [&runs](const http::Request&, http::Response&) { ++runs; });
  Client client = connect();
  const std::string head = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(exchange(client, head + "5\r\nhello\r\n"), "");
  EXPECT_EQ(exchange(client, "z\r\n"), error_answer(400, "malformed chunk", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(runs, 0);
}

TEST_F(ConnectionError, NoSmuggledRequestRunsBehindContradictoryFraming) {
  Client client = connect();
  const std::string received = exchange(
      client,
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n"
      "0\r\n\r\nGET /echo HTTP/1.1\r\nHost: smuggled\r\n\r\n");
  EXPECT_TRUE(received.starts_with("HTTP/1.1 400 ")) << received;
  EXPECT_EQ(received.find("HTTP/1.1 200"), std::string::npos) << received;
  EXPECT_EQ(count(ipc::Counter::requests), 0U);
}

TEST_F(ConnectionError, AClientThatGoesOnSendingCanStillReadWhy) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  // A client that looks for an answer only when it has sent its body, or cannot send more.
  const std::string body(1'000'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(turn_until([&] {
    sent += client.send_some(body);
    return sent >= 20'000'000;
  })) << "the server does not listen to the rest: "
      << sent;
  EXPECT_EQ(client.take(), error_answer(413, "body over the limit", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(server().connection_count(), 1U) << "it lingers until the client is done";
  client.close();
  turn();
  EXPECT_EQ(server().connection_count(), 0U);
}

TEST_F(ConnectionError, DoesNotLingerForEver) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  exchange(client, kUnknownMethod);
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_TRUE(turn_until([&] { return server().connection_count() == 0; }));
  EXPECT_EQ(client.send_some("more"), 0U);
}

TEST_F(ConnectionError, LingersForABoundedAmountOfBytes) {
  Client client = connect();
  exchange(client, kUnknownMethod);
  const std::string more(1'000'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(turn_until([&] {
    sent += client.send_some(more);
    return server().connection_count() == 0;
  }));
  EXPECT_LE(sent, 80'000'000U);
}

// --- handlers ------------------------------------------------------------------------------------

TEST_F(ConnectionError, AHandlerThatThrowsIsA500AndALineInTheLog) {
  router_.add(http::Method::get, "/throws", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_body("half an answer");
                response.add_field("X", "y");
                throw std::runtime_error("no disk");
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/throws?secret=1") + get("/")),
            error_answer(500, "") + answer(200, "root"));
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].first, config::LogLevel::error);
  EXPECT_EQ(hooks_.reports[0].second, "request 1 GET /throws answered with 500: no disk");
  EXPECT_EQ(count(ipc::Counter::handler_errors), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_5xx), 1U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionError, AHandlerThatThrowsSomethingElseIsA500Too) {
  router_.add(http::Method::get, "/throws", exchange::RunOn::loop,
              [](const http::Request&, http::Response&) { throw 1; });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/throws")), error_answer(500, ""));
  EXPECT_EQ(hooks_.reports.size(), 1U);
}

TEST_F(ConnectionError, AnAnswerThatMayNotGoOutBecomesA500) {
  using namespace std::string_view_literals;
  const std::vector<std::pair<std::string, exchange::Handler>> cases = {
      {"control character",
       [](const http::Request&, http::Response& r) { r.add_field("X", "a\r\nSet-Cookie: b"); }},
      {"control character",
       [](const http::Request&, http::Response& r) { r.add_field("X", "a\0b"sv); }},
      {"token", [](const http::Request&, http::Response& r) { r.add_field("X Y", "a"); }},
      {"itself",
       [](const http::Request&, http::Response& r) { r.add_field("Content-Length", "5"); }},
      {"itself", [](const http::Request&,
                    http::Response& r) { r.add_field("transfer-encoding", "chunked"); }},
      {"status", [](const http::Request&, http::Response& r) { r.set_status(100); }},
      {"status", [](const http::Request&, http::Response& r) { r.set_status(1000); }},
      {"body",
       [](const http::Request&, http::Response& r) {
         r.set_status(204);
         r.set_static_body("x");
       }},
      {"body",
       [](const http::Request&, http::Response& r) {
         r.set_status(304);
         r.set_body("x");
       }},
      {"content type", [](const http::Request&, http::Response& r) { r.set_content_type("a\nb"); }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    router_.add(http::Method::get, "/" + std::to_string(i), exchange::RunOn::loop, cases[i].second);
  }
  Client client = connect();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(exchange(client, get("/" + std::to_string(i))), error_answer(500, "")) << i;
    ASSERT_EQ(hooks_.reports.size(), i + 1);
    EXPECT_NE(hooks_.reports[i].second.find(cases[i].first), std::string::npos)
        << hooks_.reports[i].second;
  }
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root")) << "nothing is left of them";
  EXPECT_EQ(count(ipc::Counter::handler_errors), cases.size());
}

TEST_F(ConnectionError, TheBoxOfTheLoopTellsWhichRequestRuns) {
  std::string running;
  router_.add(http::Method::get, "/look", exchange::RunOn::loop,
              [&](const http::Request&, http::Response&) {
                const auto request = record_->loop_request.get();
                running = request ? request->method + " " + request->path : "none";
              });
  Client client = connect();
  exchange(client, get("/look?q"));
  EXPECT_EQ(running, "GET /look");
  EXPECT_FALSE(record_->loop_request.get().has_value());
}

// --- limits --------------------------------------------------------------------------------------

TEST_F(ConnectionError, OverTheConnectionLimitAClientIsToldAndSentAway) {
  settings_.limits.connections = 2;
  Client first = connect();
  Client second = connect();
  Client third = connect();
  EXPECT_EQ(third.take(),
            error_answer(503, "too many connections", "Retry-After: 1\r\nConnection: close\r\n"));
  EXPECT_TRUE(third.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::connections_refused), 1U);
  EXPECT_EQ(count(ipc::Counter::responses_5xx), 1U);
  EXPECT_EQ(exchange(first, get("/")), answer(200, "root")) << "the others are served";
  third.close();
  first.close();
  turn();
  Client fourth = connect();
  EXPECT_EQ(exchange(fourth, get("/")), answer(200, "root")) << "there is room again";
}

TEST_F(ConnectionError, ARefusedClientThatStaysTakesNobodysPlace) {
  settings_.limits.connections = 1;
  Client served = connect();
  const Client refused = connect();
  EXPECT_EQ(count(ipc::Counter::connections_refused), 1U);
  served.close();
  turn();
  EXPECT_EQ(server().connection_count(), 1U) << "the one that does not close";
  Client next = connect();
  EXPECT_EQ(exchange(next, get("/")), answer(200, "root"));
}

TEST_F(ConnectionError, ARefusedClientThatHasSentItsRequestCanReadTheAnswer) {
  settings_.limits.connections = 0;
  auto ends = make_pair();
  Client client(std::move(ends.second));
  client.send(get("/"));
  server().adopt(std::move(ends.first), {});
  turn();
  EXPECT_EQ(client.take(),
            error_answer(503, "too many connections", "Retry-After: 1\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::requests), 0U);
}

TEST_F(ConnectionError, AFloodOverTheLimitIsDroppedWithoutAnAnswer) {
  settings_.limits.connections = 1;
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(connect());
  }
  EXPECT_EQ(server().connection_count(), 65U) << "the limit, and room for 64 to be told";
  EXPECT_EQ(count(ipc::Counter::connections_refused), 99U);
  EXPECT_TRUE(clients.back().at_any_end());
  EXPECT_EQ(clients.back().received(), "");
}

// --- the access log ------------------------------------------------------------------------------

TEST_F(ConnectionError, EveryAnswerHasItsLineInTheAccessLog) {
  std::string path = testing::TempDir() + "access-XXXXXX";
  ipc::OwnedFd file(::mkstemp(path.data()));
  ASSERT_TRUE(file.valid());
  const config::LogFormat format = config::combined_log_format();
  ASSERT_TRUE(log_.open(path, format, {1, 1}).ok());
  Client client = connect();
  exchange(client, get("/", "User-Agent: tester\r\n") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" +
                       get("/nowhere") + kUnknownMethod);
  ::close(file.release());
  std::ifstream lines(path);
  const std::vector<std::string> expected = {
      " \"GET / HTTP/1.1\" 200 4 \"-\" \"tester\" ",
      " \"HEAD / HTTP/1.1\" 200 0 \"-\" \"-\" ",
      " \"GET /nowhere HTTP/1.1\" 404 14 \"-\" \"-\" ",
      " \"-\" 501 36 \"-\" \"-\" ",
  };
  std::string line;
  for (const std::string& part : expected) {
    ASSERT_TRUE(std::getline(lines, line)) << "no line with" << part;
    EXPECT_TRUE(line.starts_with("unix - - [")) << line;
    EXPECT_NE(line.find(part), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with("us w1")) << line;
  }
  EXPECT_FALSE(std::getline(lines, line)) << line;
  ::unlink(path.c_str());
}

TEST_F(ConnectionError, ARequestWhoseContentCameLaterHasItsWholeLineInTheAccessLog) {
  std::string path = testing::TempDir() + "access-XXXXXX";
  const ipc::OwnedFd file(::mkstemp(path.data()));
  ASSERT_TRUE(file.valid());
  ASSERT_TRUE(log_.open(path, config::combined_log_format(), {1, 1}).ok());
  Client client = connect();
  const std::string request = post("/echo", std::string(5000, 'x'));
  exchange(client, request.substr(0, 4000));
  exchange(client, request.substr(4000));
  log_.flush();
  std::ifstream lines(path);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_NE(line.find("] \"POST /echo HTTP/1.1\" 200 "), std::string::npos) << line;
  ::unlink(path.c_str());
}

// Kept where it is until the rest comes, or read to the last byte: what ends has its line.
TEST_F(ConnectionError, ARequestWhoseContentEndsEarlyHasItsLineInTheAccessLog) {
  std::string path = testing::TempDir() + "access-XXXXXX";
  const ipc::OwnedFd file(::mkstemp(path.data()));
  ASSERT_TRUE(file.valid());
  ASSERT_TRUE(log_.open(path, config::combined_log_format(), {1, 1}).ok());
  int expected = 0;
  for (const char* size : {"77", "100077"}) {
    for (const bool ends_at_once : {true, false}) {
      Client client = connect();
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::string(size) +
                  "\r\n\r\nhalf of it");
      if (!ends_at_once) {
        turn();
      }
      client.close();
      turn();
      ++expected;
    }
  }
  log_.flush();
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line); --expected) {
    EXPECT_NE(line.find(" \"POST /echo HTTP/1.1\" 499 0 "), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(" cut=client")) << line;
  }
  EXPECT_EQ(expected, 0) << "lines are missing";
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace prefork::engine
