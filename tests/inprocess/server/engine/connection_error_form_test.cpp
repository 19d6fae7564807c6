// Errors that the server makes by itself, in the form that the client asks for, and with the pages
// of an application that has some.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

// The routes of the test, with pages.
class WithPages : public exchange::Application {
 public:
  explicit WithPages(const routing::Router& router) : router_(router) {}
  [[nodiscard]] exchange::RouteMatch route(
      const http::Request& request, exchange::RouteParameters& parameters) const noexcept override {
    return router_.route(request, parameters);
  }
  [[nodiscard]] const http::ErrorPages& error_pages() const noexcept override { return pages; }

  http::ErrorPages pages;

 private:
  const routing::Router& router_;
};

class ConnectionErrorForm : public HttpTest {
 protected:
  ConnectionErrorForm() {
    router_.add(http::Method::get, "/throws", exchange::RunOn::loop,
                [](const http::Request&, http::Response&) { throw std::runtime_error("no disk"); });
  }
  // A server with pages of an application, instead of the usual one.
  void serve_with_pages() {
    server_ = std::make_unique<HttpServer>(loop_, settings_, with_pages_, *record_, log_, hooks_,
                                           executor_);
    server_->start({});
  }
  std::string ask(const std::string& bytes) {
    Client client = connect();
    return exchange(client, bytes);
  }

  WithPages with_pages_{router_};
};

const std::string kWantsJson = "Accept: application/json\r\n";
const std::string kWantsHtml = "Accept: text/html\r\n";

bool is_json_error(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ") &&
         answer.find("Content-Type: application/problem+json\r\n") != std::string::npos &&
         answer.find("\"status\":" + std::to_string(status)) != std::string::npos &&
         answer.find("Vary: Accept\r\n") != std::string::npos;
}

TEST_F(ConnectionErrorForm, FollowsTheClientWhereItsHeadIsUnderstood) {
  EXPECT_TRUE(is_json_error(ask(get("/nowhere", kWantsJson)), 404));
  EXPECT_TRUE(is_json_error(ask(get("/throws", kWantsJson)), 500));
  const std::string wrong_method = "DELETE /echo HTTP/1.1\r\nHost: a\r\n" + kWantsJson + "\r\n";
  EXPECT_TRUE(is_json_error(ask(wrong_method), 405));
  const std::string too_long =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n" + kWantsJson + "\r\n";
  EXPECT_TRUE(is_json_error(ask(too_long), 413));
  const std::string bad_chunk =
      "POST /echo HTTP/1.1\r\nHost: a\r\n" + kWantsJson + "Transfer-Encoding: chunked\r\n\r\nz\r\n";
  EXPECT_TRUE(is_json_error(ask(bad_chunk), 400));
}

TEST_F(ConnectionErrorForm, IsTextWhereItIsNot) {
  EXPECT_EQ(ask("FOO / HTTP/1.1\r\n" + kWantsJson + "\r\n").find("json"), std::string::npos);
  EXPECT_EQ(ask(get("/nowhere")), error_answer(404, ""));
  EXPECT_EQ(ask(get("/nowhere", "Accept: */*\r\n")), error_answer(404, ""));
}

TEST_F(ConnectionErrorForm, OfAnswersToHeadHasNoContent) {
  const std::string head = ask("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n" + kWantsHtml + "\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_NE(head.find("Content-Type: text/html; charset=utf-8\r\n"), std::string::npos) << head;
  const std::string too_long =
      ask("HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n");
  EXPECT_TRUE(too_long.starts_with("HTTP/1.1 413 ")) << too_long;
  EXPECT_TRUE(too_long.ends_with("\r\n\r\n")) << too_long;
}

TEST_F(ConnectionErrorForm, OfAJobThatTookTooLongIsWhatTheClientHadAskedFor) {
  HeldJobs jobs;
  executor_ = &jobs;
  settings_.timeouts.request = std::chrono::milliseconds(50);
  {
    Client client = connect();
    client.send(get("/slow", kWantsJson));
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_TRUE(is_json_error(client.take(), 504));
  }
  jobs.complete(server());
  come_to_rest();
}

TEST_F(ConnectionErrorForm, PagesOfTheApplicationAreThereWhateverTheServerRefuses) {
  settings_.limits.connections = 1;
  for (const int status : {400, 408, 413, 431, 503}) {
    ASSERT_TRUE(with_pages_.pages.add(status, "text/html", "<p>ours</p>").ok());
  }
  serve_with_pages();
  const std::string ours = "Content-Type: text/html\r\nContent-Length: 11\r\n";
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), get("/", "X: " + std::string(40'000, 'a') + "\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")}) {
    const std::string answer = ask(bytes);
    EXPECT_NE(answer.find(ours), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n<p>ours</p>")) << answer;
    come_to_rest();
  }
  {
    Client slow = connect();
    slow.send("GET / HT");
    ASSERT_TRUE(turn_until_end(slow));
    EXPECT_TRUE(slow.take().ends_with("\r\n\r\n<p>ours</p>")) << "408";
  }
  come_to_rest();
  Client first = connect();
  turn();
  Client second = connect();
  EXPECT_TRUE(exchange(second, get("/")).ends_with("\r\n\r\n<p>ours</p>")) << "503";
}

TEST_F(ConnectionErrorForm, SmallAnswersWithoutErrorsAreWhatTheyWere) {
  EXPECT_EQ(ask(get("/", kWantsJson)), answer(200, "root"));
}

// --- early hints ---------------------------------------------------------------------------------

TEST_F(ConnectionErrorForm, EarlyHintsOfTheLoopGoOutBeforeTheAnswerIsMade) {
  PREFORK_SKIP_OVER_RECORDS();
  router_.add(http::Method::get, "/hints", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.link().interim->send_early_hints({{"Link", "</a.css>"}});
                response.set_body("x");
              });
  Client client = connect_by_packets();
  client.send(get("/hints"));
  turn();
  EXPECT_EQ(client.take_one_write(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  EXPECT_EQ(client.take_one_write(), answer(200, "x"));
}

TEST_F(ConnectionErrorForm, EarlyHintsOfAThreadComeBeforeItsAnswerAndNotBehind) {
  HeldJobs jobs;
  executor_ = &jobs;
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/slow")), "");
  jobs.jobs.at(0)->send_early_hints({{"Link", "</a.css>"}});
  turn();
  EXPECT_EQ(client.take(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  const exchange::ExchangeToken token = jobs.jobs.at(0)->exchange;
  const std::uint64_t number = jobs.jobs.at(0)->request.id;
  jobs.complete(server());
  turn();
  EXPECT_EQ(client.take(), answer(200, "/slow "));
  server().completions().deliver_hints(token, number, {{"Link", "</late.css>"}});
  turn();
  EXPECT_EQ(client.take(), "");
}

}  // namespace
}  // namespace prefork::engine
