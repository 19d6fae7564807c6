// Answers to uploads that nobody has read to their end, and the question whether to send one at all
// (100 Continue).
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/inprocess/server/engine/upload_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionUploadAnswer : public UploadTest {};

TEST_F(ConnectionUploadAnswer, AnAnswerBeforeTheBodyIsCompleteEndsTheConnectionGently) {
  use_pool();
  Client client = connect_by_tcp();
  client.send(counted_post("/ignores", 10'000'000));
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::responses_2xx) == 1; }));
  // It has not looked at the answer yet and goes on sending.
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 50; ++i) {
    client.send_some(piece);
    turn();
  }
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
}

TEST_F(ConnectionUploadAnswer, WhatFollowsAnUnreadBodyIsNotTakenForARequest) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 1000) + "xxx");
  ASSERT_TRUE(turn_until_received(client, "no"));
  client.send_some(repeat(get("/"), 50));
  turn();
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
}

TEST_F(ConnectionUploadAnswer, AHandlerThatIgnoresABodyThatIsCompleteKeepsTheConnection) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 3) + "xxx" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), answer(200, "no") + answer(200, "root"));
}

TEST_F(ConnectionUploadAnswer, TheClientIsAskedToContinueWhenTheHandlerBeginsToRead) {
  settings_.timeouts.body = 400ms;
  use_pool();
  Client client = connect();
  client.send(counted_post("/later", 5, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(turn_until_entered());
  pass_ticks(6);
  EXPECT_EQ(client.take(), "") << "and meanwhile its time does not run";
  gate_.open();
  ASSERT_TRUE(turn_until_received(client, kContinue));
  client.send("xxxxx" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), std::string(kContinue) + answer(200, "5") + answer(200, "root"));
  EXPECT_EQ(count(ipc::Counter::responses_1xx), 1U);
}

TEST_F(ConnectionUploadAnswer, AClientThatDoesNotWaitToBeAskedIsNotAsked) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/later", 5, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(turn_until_entered());
  client.send("xxx");
  turn();
  gate_.open();
  client.send("xx");
  ASSERT_TRUE(turn_until([&] { return client.received().ends_with("\r\n\r\n5"); }));
  EXPECT_EQ(client.take(), answer(200, "5"));
  EXPECT_EQ(count(ipc::Counter::responses_1xx), 0U);
}

TEST_F(ConnectionUploadAnswer, AHandlerThatReadsNothingAnswersWithoutAsking) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 5, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_EQ(count(ipc::Counter::responses_1xx), 0U);
}

TEST_F(ConnectionUploadAnswer, AStreamedAnswerIsNeverInterruptedByAQuestion) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/echo-stream", 5, "Expect: 100-continue\r\n"));
  const std::string asked = std::string(kContinue) + chunked_head();
  ASSERT_TRUE(turn_until_received(client, asked.substr(asked.size() - 30)));
  client.send("hello" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), asked + "5\r\nhello\r\n0\r\n\r\n" + answer(200, "root"));
}

TEST_F(ConnectionUploadAnswer, AnAnswerWithoutContentOfItsOwnEndsTheUpload) {
  // An upload that was left open behind such an answer met a parser that knew nothing of it. The
  // handler still runs meanwhile.
  std::array<Gate, 3> gates;
  on_upload("/bad", [&](const http::Request&, http::Response& response) {
    response.add_field("X", "a\nb");
    response.start_stream();
    gates[0].wait();
  });
  on_upload("/nothing", [&](const http::Request&, http::Response& response) {
    response.set_status(204);
    response.start_stream();
    gates[1].wait();
  });
  router_.add(http::Method::get, "/head", {.streams_body = true},
              [&](const http::Request&, http::Response& response) {
                response.start_stream();
                gates[2].wait();
              });
  use_pool();
  const std::array heads = {
      counted_post("/bad", 100), counted_post("/nothing", 100),
      std::string("HEAD /head HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")};
  for (std::size_t i = 0; i < heads.size(); ++i) {
    Client client = connect();
    client.send(heads[i] + "xxx");
    ASSERT_TRUE(turn_until([&] { return !client.received().empty(); }));
    client.send_some("xxx" + get("/"));
    client.finish_sending();
    ASSERT_TRUE(turn_until_end(client));
    const std::string received = client.take();
    EXPECT_NE(received.find(kClose), received.npos) << received;
    EXPECT_EQ(received.find("HTTP/1.1", 1), received.npos) << received;
    gates[i].open();
    finish_handlers();
  }
}

TEST_F(ConnectionUploadAnswer, ALongAnswerIsSentWhileTheUnreadRestArrives) {
  PREFORK_SKIP_OVER_RECORDS();
  SourceControl source;
  source.give(3'000'000);
  on_upload("/long", [&](const http::Request&, http::Response& response) {
    response.set_source(std::make_unique<ControlledSource>(source), 3'000'000);
  });
  use_pool();
  Client client = connect_narrowly();
  // It sends everything before it begins to read.
  ASSERT_TRUE(send_all(client, counted_post("/long", 1'000'000) + std::string(999'999, 'x')));
  // Whoever ends in the middle of a body before the answer has begun has left.
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::responses_2xx) == 1; }));
  client.finish_sending();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  const std::string received = client.take();
  EXPECT_EQ(received.size(), counted_head(3'000'000, kClose).size() + 3'000'000);
}

TEST_F(ConnectionUploadAnswer, AnUnreadRestHasNoDeadlineThatCutsTheAnswer) {
  settings_.timeouts.body = 10ms;
  bool ready = false;
  SourceControl source;
  source.on_read = [&](std::span<char>) {
    return http::SourceResult{ready ? http::SourceStatus::end : http::SourceStatus::wait, 0};
  };
  on_upload("/long", [&](const http::Request&, http::Response& response) {
    response.set_source(std::make_unique<ControlledSource>(source));
  });
  use_pool();
  Client client = connect();
  client.send(counted_post("/long", 1'000'000) + "xxx");
  ASSERT_TRUE(turn_until([&] { return source.reads != 0; }));
  pass_ticks();
  EXPECT_FALSE(client.at_any_end());
  ready = true;
  source.wake();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), chunked_head(kClose) + "0\r\n\r\n");
}

TEST_F(ConnectionUploadAnswer, AFullQueueIs503AndTheBodyIsNotRead) {
  HeldJobs held;
  held.limit = 0;
  executor_ = &held;
  Client client = connect();
  client.send(counted_post("/size", 100) + "xxx");
  turn();
  EXPECT_EQ(client.take(), error_answer(503, "the queue for a thread is full",
                                        "Retry-After: 1\r\n" + std::string(kClose)));
  Client empty = connect();
  EXPECT_EQ(exchange(empty, counted_post("/size", 0) + get("/")),
            error_answer(503, "the queue for a thread is full", "Retry-After: 1\r\n") +
                answer(200, "root"));
}

}  // namespace
}  // namespace prefork::engine
