// Answers that handlers write piece by piece, for as long as somebody listens: limits, times, ends.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionLongStream : public HandlerStreamTest {
 protected:
  // Begins to answer without a length, and says nothing more.
  void deferred(std::string_view path) {
    const auto added =
        router_.add_deferred("GET", path, {}, [this](std::unique_ptr<exchange::Job> job) {
          channel_ = &job->response.start_stream();
          started_.push_back(std::move(job));
        });
    EXPECT_TRUE(added.ok());
  }

  std::vector<std::unique_ptr<exchange::Job>> started_;  // of deferred handlers
  exchange::BodyChannel* channel_ = nullptr;
};

TEST_F(ConnectionLongStream, AStreamIsNoRequestInProgressAndHasALimitOfItsOwn) {
  settings_.limits.concurrency = 1;
  settings_.limits.streams = 2;
  deferred("/events");
  Client first = connect();
  Client second = connect();
  Client third = connect();
  EXPECT_EQ(exchange(first, get("/events")), chunked_head());
  EXPECT_EQ(exchange(second, get("/events")), chunked_head());
  EXPECT_EQ(gauge(ipc::Gauge::streams), 2U);
  EXPECT_TRUE(exchange(third, get("/events")).starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(exchange(third, get("/")), answer(200, "root"));
  EXPECT_EQ(gauge(ipc::Gauge::streams), 2U);
  first.close();
  turn();
  EXPECT_EQ(gauge(ipc::Gauge::streams), 1U) << "whatever the application does with it";
  EXPECT_TRUE(started_.at(0)->is_abandoned());
  EXPECT_EQ(exchange(third, get("/events")), chunked_head());
  for (auto& job : started_) {
    job->finish();
    server().completions().deliver(std::move(job));
  }
  turn();
  EXPECT_EQ(gauge(ipc::Gauge::streams), 0U);
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
}

TEST_F(ConnectionLongStream, AClientThatHasClosedIsNoticedWhereNothingIsWritten) {
  PREFORK_SKIP_OVER_RECORDS();
  deferred("/events");
  Client client = connect_by_tcp();
  EXPECT_EQ(exchange(client, get("/events")), chunked_head());
  client.finish_sending();
  turn();
  EXPECT_TRUE(channel_->is_wanted()) << "it may want what there is all the same";
  channel_->try_write("last words");
  turn();
  EXPECT_EQ(client.take(), "a\r\nlast words\r\n");
  ASSERT_TRUE(turn_until([this] { return server().connection_count() == 0; }));
  EXPECT_FALSE(channel_->is_wanted());
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
  started_.at(0)->finish();
  server().completions().deliver(std::move(started_.at(0)));
  turn();
}

TEST_F(ConnectionLongStream, HowLongItLivesIsNoLatency) {
  on_pool("/stream", [this](const http::Request&, http::Response& response) {
    response.start_stream().write("hello");
    gate_.wait();
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until_received(client, "hello\r\n"));
  EXPECT_EQ(count_of(record_->latency), 1U) << "it has begun";
  gate_.open();
  finish_handlers();
  EXPECT_EQ(count_of(record_->latency), 1U);
  EXPECT_EQ(count_of(record_->run_time), 0U);
}

TEST_F(ConnectionLongStream, AFailureThatIsNotedAfterItsStartCutsTheConnectionToo) {
  on_pool("/stream", [](const http::Request&, http::Response& response) {
    response.start_stream().write("hello");
    response.note_failure({});
  });
  use_pool();
  Client client = connect_by_tcp();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_FALSE(client.at_clean_end());
  finish_handlers();
  EXPECT_TRUE(reported("request 1 GET /stream cut off in its answer: no reason given"));
  EXPECT_EQ(count(ipc::Counter::handler_errors), 1U);
}

TEST_F(ConnectionLongStream, OneStreamTooManyIsA503AndItsHandlerIsTold) {
  settings_.limits.streams = 0;
  bool is_wanted = true;
  on_pool("/stream", [&is_wanted](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    while (is_wanted) {
      is_wanted = out.write("more");
    }
    throw std::runtime_error("nobody listens");
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until_received(client, "too many streams\n"));
  finish_handlers();
  EXPECT_FALSE(is_wanted);
  EXPECT_EQ(count(ipc::Counter::handler_errors), 0U) << "it was told that nobody listens";
  EXPECT_EQ(count(ipc::Counter::overload_rejected), 1U);
}

}  // namespace
}  // namespace prefork::engine
