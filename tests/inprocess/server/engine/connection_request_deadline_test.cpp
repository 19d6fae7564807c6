// The time for a whole request (--timeout-request), and requests whose clients are gone before a
// thread had time for them.
#include <gtest/gtest.h>

#include <string>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class RequestDeadline : public StreamTest {
 protected:
  RequestDeadline() {
    settings_.timeouts.request = 50ms;
    executor_ = &held_;
  }
  HeldJobs held_;
};

TEST_F(RequestDeadline, AHandlerThatTakesTooLongIs504AndItsLaterResultIsIgnored) {
  Client client = connect();
  client.send(get("/slow") + get("/"));
  ASSERT_TRUE(turn_until_end(client));
  const std::string expected = error_answer(504, "the request took too long", kClose);
  EXPECT_EQ(client.take(), expected);
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::timeouts_request), 1U);
  ASSERT_EQ(held_.jobs.size(), 1U);
  held_.complete(server());
  turn();
  EXPECT_EQ(client.take(), "");
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 1U) << "it was still in the queue";
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 0U);
}

TEST_F(RequestDeadline, AHandlerThatRunsMeanwhileIsIgnoredToo) {
  Gate entered;
  Gate go_on;
  router_.add(http::Method::get, "/stuck", exchange::RunOn::pool,
              [&](const http::Request&, http::Response& response) {
                entered.open();
                go_on.wait();
                response.set_body("late");
              });
  use_pool();
  Client client = connect();
  client.send(get("/stuck"));
  turn();
  entered.wait();
  ASSERT_TRUE(turn_until_end(client));
  go_on.open();
  ASSERT_TRUE(turn_until([this] { return gauge(ipc::Gauge::requests_in_progress) == 0; }));
  EXPECT_EQ(client.take(), error_answer(504, "the request took too long", kClose));
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 0U);
}

TEST_F(RequestDeadline, ADeferredAnswerIsShownUntilItIsTooLateAndThenNamed) {
  std::unique_ptr<exchange::Job> kept;
  const auto added = router_.add_deferred(
      "GET", "/later", {}, [&kept](std::unique_ptr<exchange::Job> job) { kept = std::move(job); });
  ASSERT_TRUE(added.ok());
  Client client = connect();
  client.send(get("/later"));
  turn();
  EXPECT_EQ(in_flight(), "GET /later deferred\n");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 504 "));
  EXPECT_EQ(in_flight(), "");
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second, "request 1 GET /later answered with 504: it took too long");
  kept->finish();
  exchange::CompletionSink& sink = *kept->sink;
  sink.deliver(std::move(kept));
  turn();
}

TEST_F(RequestDeadline, AHeadThatTakesTooLongIs408) {
  Client first = connect();
  first.send("GET / HT");
  ASSERT_TRUE(turn_until_end(first));
  EXPECT_EQ(first.take(), error_answer(408, "the request's head took too long", kClose));
  Client later = connect();
  EXPECT_EQ(exchange(later, get("/") + "GET / HT"), answer(200, "root"));
  ASSERT_TRUE(turn_until_end(later));
  EXPECT_EQ(later.take(), error_answer(408, "the request's head took too long", kClose));
  EXPECT_EQ(count(ipc::Counter::timeouts_request), 2U);
}

TEST_F(RequestDeadline, ABodyThatTakesTooLongIs408WhateverItEarned) {
  Client client = connect();
  const std::string request = post("/echo", std::string(100'000, 'x'));
  client.send(request.substr(0, request.size() - 1));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), error_answer(408, "the request's body took too long", kClose));
  EXPECT_EQ(count(ipc::Counter::timeouts_request), 1U);
}

TEST_F(RequestDeadline, ALongAnswerThatTakesTooLongIsCut) {
  SourceControl source;
  source.on_read = [&](std::span<char> room) {
    return source.reads == 1 ? fill(room, "abc") : http::SourceResult{http::SourceStatus::wait, 0};
  };
  serve("/long", source);
  for (const std::string& request : {get("/long"), std::string("GET /long HTTP/1.0\r\n\r\n")}) {
    source.reads = 0;
    source.destroyed = false;
    Client client = connect_by_tcp();
    client.send(request);
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_FALSE(client.at_clean_end()) << "it must not look complete: " << request;
    EXPECT_TRUE(source.destroyed);
  }
  EXPECT_EQ(count(ipc::Counter::timeouts_request), 2U);
}

TEST_F(RequestDeadline, HeadHasNoContentInItsAnswerEither) {
  Client client = connect();
  client.send("HEAD /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(turn_until_end(client));
  const std::string received = client.take();
  EXPECT_TRUE(received.starts_with("HTTP/1.1 504 ")) << received;
  EXPECT_TRUE(received.ends_with("\r\n\r\n")) << received;
  held_.complete(server());
}

TEST_F(RequestDeadline, EachRequestHasItsOwnTimeAndAnIdleConnectionNone) {
  settings_.timeouts.request = 300ms;
  Client client = connect();
  int ticks = 0;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
    ticks = hooks_.ticks;
    ASSERT_TRUE(turn_until([&] { return hooks_.ticks > ticks; }));
  }
  pass_ticks(5);
  EXPECT_FALSE(client.at_any_end());
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
  EXPECT_EQ(count(ipc::Counter::timeouts_request), 0U);
}

// --- abandoned -----------------------------------------------------------------------------------

class AbandonedRequest : public StreamTest {
 protected:
  AbandonedRequest() {
    executor_ = &held_;
    router_.add(http::Method::get, "/counted", exchange::RunOn::pool,
                [this](const http::Request&, http::Response&) { ++runs_; });
  }
  HeldJobs held_;
  int runs_ = 0;
};

TEST_F(AbandonedRequest, IsNotRunWhenItsClientWasResetInTheQueue) {
  Client client = connect_by_tcp();
  client.send(get("/counted"));
  ASSERT_TRUE(turn_until([this] { return held_.jobs.size() == 1; }));
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  client.close();
  ASSERT_TRUE(turn_until([this] { return server().connection_count() == 0; }));
  held_.complete(server());
  turn();
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 1U);
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
  EXPECT_EQ(count_of(record_->run_time), 0U);
  EXPECT_EQ(count_of(record_->queue_wait), 1U);
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
}

TEST_F(AbandonedRequest, IsRunWhenItsClientOnlyFinishedSending) {
  Client client = connect_by_tcp();
  client.send(get("/counted"));
  client.finish_sending();
  ASSERT_TRUE(turn_until([this] { return held_.jobs.size() == 1; }));
  held_.complete(server());
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), answer(200, ""));
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 0U);
}

TEST_F(AbandonedRequest, OfOneConnectionDoesNotConcernTheNextInItsPlace) {
  Client gone = connect();
  exchange(gone, get("/counted"));
  gone.close();
  turn();
  Client next = connect();
  exchange(next, get("/counted"));
  ASSERT_EQ(held_.jobs.size(), 2U);
  held_.complete(server());
  turn();
  EXPECT_EQ(next.take(), "");
  held_.complete(server());
  turn();
  EXPECT_EQ(next.take(), answer(200, ""));
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 1U);
}

}  // namespace
}  // namespace prefork::engine
