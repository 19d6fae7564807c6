// Content of requests that a handler on a thread reads while it arrives.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

#include "tests/inprocess/stream_harness.h"

namespace prefork {
namespace {

using namespace testing_http;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Reads until something else than content comes, and says what.
SourceStatus read_all(BodyChannel& content, std::string& all) {
  std::array<char, 8192> room;
  for (;;) {
    const SourceResult result = content.read(room);
    if (result.status != SourceStatus::more) {
      return result.status;
    }
    all.append(room.data(), result.size);
  }
}

std::string chunked_post(std::string_view path, std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" +
         std::string(fields) + "\r\n";
}
std::string counted_post(std::string_view path, std::size_t size, std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n" +
         std::string(fields) + "\r\n";
}

class ConnectionUpload : public StreamTest {
 protected:
  ConnectionUpload() {
    settings_.parser.body_bytes = 1'000'000'000;
    // Answers with how much there was, and how it ended.
    on_upload("/size", [this](const Request& request, Response& response) {
      ++entered_;
      std::string all;
      status_ = read_all(*request.content, all);
      response.set_body(std::to_string(all.size()) +
                        (all.find_first_not_of('x') == all.npos ? "" : " mixed"));
    });
    // Reads nothing.
    on_upload("/ignores", [](const Request&, Response& response) { response.set_body("no"); });
    // Reads when it may.
    on_upload("/later", [this](const Request& request, Response& response) {
      ++entered_;
      gate_.wait();
      std::string all;
      status_ = read_all(*request.content, all);
      response.set_body(std::to_string(all.size()));
    });
    // Gives back what comes, while it comes.
    on_upload("/echo-stream", [this](const Request& request, Response& response) {
      BodyChannel& out = response.start_stream();
      std::array<char, 4096> room;
      for (;;) {
        const SourceResult result = request.content->read(room);
        status_ = result.status;
        if (result.status != SourceStatus::more || !out.write({room.data(), result.size})) {
          return;
        }
      }
    });
  }

  void on_upload(std::string path, Handler handler, std::optional<std::uint64_t> limit = {}) {
    router_.add(Method::post, std::move(path), {.streams_body = true, .body_limit = limit},
                std::move(handler));
  }
  void finish_handlers() {
    ASSERT_TRUE(turn_until([this] { return gauge(Gauge::requests_in_progress) == 0; }));
    turn();
  }
  // Until so many handlers have begun: others are skipped when their client leaves.
  bool turn_until_entered(int number = 1) {
    return turn_until([&] { return entered_ == number; });
  }
  // Sends all of it, as the server takes it.
  bool send_all(Client& client, std::string_view bytes) {
    return turn_until([&] {
      bytes.remove_prefix(client.send_some(bytes));
      return bytes.empty();
    });
  }
  // Sends until neither the server nor the kernel takes more. Returns how much that was.
  std::size_t send_until_full(Client& client) {
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int idle = 0; idle < 3;) {
      const std::size_t size = client.send_some(piece);
      sent += size;
      idle = size == 0 ? idle + 1 : 0;
      turn();
    }
    return sent;
  }

  std::atomic<int> entered_{0};
  Gate gate_;
  std::atomic<SourceStatus> status_{SourceStatus::wait};
};

TEST_F(ConnectionUpload, TheHandlerReadsWhatComesByLengthAndInChunks) {
  use_pool();
  Client client = connect();
  ASSERT_TRUE(send_all(client, counted_post("/size", 3'000'000) + std::string(3'000'000, 'x') +
                                   get("/") + chunked_post("/size")));
  for (const std::size_t size : {1U, 15U, 16U, 5000U, 100'000U}) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    ASSERT_TRUE(send_all(
        client, std::string(digits.data(), end) + "\r\n" + std::string(size, 'x') + "\r\n"));
  }
  ASSERT_TRUE(send_all(client, "0\r\n\r\n" + get("/")));
  const std::string expected =
      answer(200, "3000000") + answer(200, "root") + answer(200, "105032") + answer(200, "root");
  ASSERT_TRUE(turn_until([this] { return count(Counter::responses_2xx) == 4; }));
  turn();
  EXPECT_EQ(client.take(), expected);
  EXPECT_EQ(status_, SourceStatus::end);
  EXPECT_EQ(gauge(Gauge::connections_idle), 1U);
}

TEST_F(ConnectionUpload, ARequestWithoutABodyHasAnEmptyOne) {
  use_pool();
  Client client = connect();
  client.send("POST /size HTTP/1.1\r\nHost: a\r\n\r\n" + counted_post("/size", 0) +
              chunked_post("/size") + "0\r\n\r\n" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), repeat(answer(200, "0"), 3) + answer(200, "root"));
  EXPECT_EQ(status_, SourceStatus::end);
}

TEST_F(ConnectionUpload, WithoutAPoolTheBodyIsThereWhenTheHandlerLooks) {
  Client client = connect();
  EXPECT_EQ(exchange(client, counted_post("/size", 5) + "xx"), "");
  EXPECT_EQ(exchange(client, "xxx" + post("/size", "xx") + post("/size", "")),
            answer(200, "5") + answer(200, "2") + answer(200, "0"));
}

TEST_F(ConnectionUpload, ASlowHandlerStopsTheReadingOfTheSocket) {
  use_pool();
  Client client = connect_narrowly();
  client.send(counted_post("/later", 100'000'000));
  const std::size_t sent = send_until_full(client);
  EXPECT_LT(sent, 600'000U) << "the channel, one read, and what the kernel holds";
  gate_.open();
  ASSERT_TRUE(send_all(client, std::string(100'000'000 - sent, 'x') + get("/")));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), answer(200, "100000000") + answer(200, "root"));
}

TEST_F(ConnectionUpload, ABodyThatStopsComingIs408AndTheHandlersReadFails) {
  settings_.timeout_body = 50ms;
  use_pool();
  Client client = connect();
  client.send(counted_post("/size", 10) + "x");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), error_answer(408, "the request's body took too long", kClose));
  finish_handlers();
  EXPECT_EQ(status_, SourceStatus::failed);
  EXPECT_EQ(count(Counter::timeouts_body), 1U);
}

TEST_F(ConnectionUpload, AnAnswerBeforeTheBodyIsCompleteEndsTheConnectionGently) {
  use_pool();
  Client client = connect_by_tcp();
  client.send(counted_post("/ignores", 10'000'000));
  ASSERT_TRUE(turn_until([this] { return count(Counter::responses_2xx) == 1; }));
  // It has not looked at the answer yet and goes on sending.
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 50; ++i) {
    client.send_some(piece);
    turn();
  }
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(Counter::requests), 1U);
}

TEST_F(ConnectionUpload, WhatFollowsAnUnreadBodyIsNotTakenForARequest) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 1000) + "xxx");
  ASSERT_TRUE(turn_until_received(client, "no"));
  client.send_some(repeat(get("/"), 50));
  turn();
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_EQ(count(Counter::requests), 1U);
}

TEST_F(ConnectionUpload, AHandlerThatIgnoresABodyThatIsCompleteKeepsTheConnection) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 3) + "xxx" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), answer(200, "no") + answer(200, "root"));
}

TEST_F(ConnectionUpload, TheClientIsAskedToContinueWhenTheHandlerBeginsToRead) {
  settings_.timeout_body = 400ms;
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
  EXPECT_EQ(count(Counter::responses_1xx), 1U);
}

TEST_F(ConnectionUpload, AClientThatDoesNotWaitToBeAskedIsNotAsked) {
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
  EXPECT_EQ(count(Counter::responses_1xx), 0U);
}

TEST_F(ConnectionUpload, AHandlerThatReadsNothingAnswersWithoutAsking) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/ignores", 5, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), answer(200, "no", kClose));
  EXPECT_EQ(count(Counter::responses_1xx), 0U);
}

TEST_F(ConnectionUpload, AStreamedAnswerIsNeverInterruptedByAQuestion) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/echo-stream", 5, "Expect: 100-continue\r\n"));
  const std::string asked = std::string(kContinue) + chunked_head();
  ASSERT_TRUE(turn_until_received(client, asked.substr(asked.size() - 30)));
  client.send("hello" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), asked + "5\r\nhello\r\n0\r\n\r\n" + answer(200, "root"));
}

TEST_F(ConnectionUpload, AMalformedChunkIs400AndTheHandlersReadFails) {
  use_pool();
  Client client = connect();
  client.send(chunked_post("/size") + "3\r\nxxx\r\n");
  ASSERT_TRUE(turn_until_entered());
  client.send("zz\r\n" + get("/"));
  ASSERT_TRUE(turn_until_end(client));
  const std::string received = client.take();
  EXPECT_TRUE(received.starts_with("HTTP/1.1 400 ")) << received;
  EXPECT_EQ(received.find("HTTP/1.1", 1), received.npos) << "nothing behind it";
  finish_handlers();
  EXPECT_EQ(status_, SourceStatus::failed);
  EXPECT_EQ(count(Counter::requests), 1U);
}

TEST_F(ConnectionUpload, AMalformedChunkBehindTheAnswersStartCutsTheConnection) {
  use_pool();
  Client client = connect_by_tcp();
  client.send(chunked_post("/echo-stream") + "3\r\nxxx\r\n");
  ASSERT_TRUE(turn_until_received(client, "xxx\r\n"));
  client.send("zz\r\n");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_FALSE(client.at_clean_end());
  EXPECT_EQ(client.take(), chunked_head() + "3\r\nxxx\r\n");
  finish_handlers();
  EXPECT_EQ(status_, SourceStatus::failed);
}

TEST_F(ConnectionUpload, AClientThatLeavesInTheMiddleFailsTheRead) {
  use_pool();
  for (const bool half : {false, true}) {
    status_ = SourceStatus::wait;
    Client client = connect();
    client.send(counted_post("/size", 10) + "xxx");
    ASSERT_TRUE(turn_until_entered(half ? 2 : 1));
    if (half) {
      client.finish_sending();
    } else {
      client.close();
    }
    finish_handlers();
    EXPECT_EQ(status_, SourceStatus::failed);
    EXPECT_EQ(server().connection_count(), 0U);
  }
  EXPECT_EQ(count(Counter::peer_resets), 2U);
}

TEST_F(ConnectionUpload, ClientsThatLeaveFailTheirReadsHoweverManyThereAre) {
  // More than the server keeps spare exchanges for.
  constexpr std::size_t kUploads = 70;
  std::atomic<std::size_t> failed{0};
  on_upload("/counted", [&](const Request& request, Response&) {
    std::string all;
    failed += read_all(*request.content, all) == SourceStatus::failed ? 1U : 0U;
  });
  use_pool(kUploads, kUploads);
  {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < kUploads; ++i) {
      clients.push_back(connect());
      clients.back().send(counted_post("/counted", 10) + "x");
    }
    ASSERT_TRUE(turn_until([this] { return gauge(Gauge::pool_busy) == kUploads; }));
  }
  finish_handlers();
  EXPECT_EQ(failed, kUploads);
}

TEST_F(ConnectionUpload, EachRouteHasItsLimit) {
  const Handler size = [this](const Request& request, Response& response) {
    std::string all;
    status_ = read_all(*request.content, all);
    response.set_body(std::to_string(all.size()));
  };
  on_upload("/small", size, 10);
  router_.add(Method::post, "/buffered", {.run_on = RunOn::loop, .body_limit = 10},
              [](const Request& request, Response& response) {
                response.set_body(std::to_string(request.body.size()));
              });
  use_pool();
  for (const std::string path : {"/small", "/buffered"}) {
    Client fits = connect();
    fits.send(counted_post(path, 10) + "xxxxxxxxxx" + chunked_post(path) +
              "a\r\nxxxxxxxxxx\r\n0\r\n\r\n" + get("/"));
    ASSERT_TRUE(turn_until_received(fits, "root"));
    EXPECT_EQ(fits.take(), answer(200, "10") + answer(200, "10") + answer(200, "root"));

    for (const std::string& request :
         {counted_post(path, 11), counted_post(path, 11, "Expect: 100-continue\r\n"),
          chunked_post(path) + "5\r\nxxxxx\r\n6\r\nxxxxxx\r\n0\r\n\r\n"}) {
      status_ = SourceStatus::wait;
      Client client = connect();
      client.send(request);
      ASSERT_TRUE(turn_until_end(client));
      EXPECT_EQ(client.take(), error_answer(413, "body over the limit", kClose)) << request;
      finish_handlers();
      EXPECT_NE(status_, SourceStatus::end);
    }
  }
}

TEST_F(ConnectionUpload, AnEchoRunsInBothDirectionsAtOnce) {
  use_pool();
  Client client = connect_narrowly();
  client.send(chunked_post("/echo-stream"));
  ASSERT_TRUE(turn_until_received(client, "\r\n\r\n"));
  EXPECT_EQ(client.take(), chunked_head());
  std::string expected;
  std::string received;
  for (int i = 0; i < 5; ++i) {
    client.send("3\r\nabc\r\n");
    expected += "abc";
    ASSERT_TRUE(turn_until([&] {
      received += client.take();
      return read_chunks(received).content == expected;
    }));
  }
  const std::string piece = "2710\r\n" + std::string(10'000, 'x') + "\r\n";
  std::string upload = repeat(piece, 500) + "0\r\n\r\n" + get("/");
  std::string_view rest = upload;
  ASSERT_TRUE(turn_until([&] {
    rest.remove_prefix(client.send_some(rest));
    received += client.take();
    return received.ends_with("root");
  }));
  const Chunked chunked = read_chunks(received);
  EXPECT_TRUE(chunked.complete);
  EXPECT_TRUE(chunked.content == expected + std::string(5'000'000, 'x'));
  EXPECT_EQ(chunked.rest, answer(200, "root"));
  EXPECT_EQ(status_, SourceStatus::end);
}

TEST_F(ConnectionUpload, AnAnswerWithoutContentOfItsOwnEndsTheUpload) {
  // An upload that was left open behind such an answer met a parser that knew nothing of it.
  on_upload("/bad", [](const Request&, Response& response) {
    response.add_field("X", "a\nb");
    response.start_stream().write("hello");
  });
  on_upload("/nothing", [](const Request&, Response& response) {
    response.set_status(204);
    response.start_stream().write("hello");
  });
  router_.add(Method::get, "/head", {.streams_body = true},
              [](const Request&, Response& response) { response.start_stream().write("hello"); });
  use_pool();
  for (const std::string& head :
       {counted_post("/bad", 100), counted_post("/nothing", 100),
        std::string("HEAD /head HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")}) {
    Client client = connect();
    client.send(head + "xxx");
    ASSERT_TRUE(turn_until([&] { return !client.received().empty(); }));
    client.send_some("xxx" + get("/"));
    client.finish_sending();
    ASSERT_TRUE(turn_until_end(client));
    const std::string received = client.take();
    EXPECT_NE(received.find(kClose), received.npos) << received;
    EXPECT_EQ(received.find("HTTP/1.1", 1), received.npos) << received;
    finish_handlers();
  }
}

TEST_F(ConnectionUpload, ALongAnswerIsSentWhileTheUnreadRestArrives) {
  SourceControl source;
  source.give(3'000'000);
  on_upload("/long", [&](const Request&, Response& response) {
    response.set_source(std::make_unique<ControlledSource>(source), 3'000'000);
  });
  use_pool();
  Client client = connect_narrowly();
  // It sends everything before it begins to read.
  ASSERT_TRUE(send_all(client, counted_post("/long", 1'000'000) + std::string(999'999, 'x')));
  client.finish_sending();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  const std::string received = client.take();
  EXPECT_EQ(received.size(), counted_head(3'000'000, kClose).size() + 3'000'000);
}

TEST_F(ConnectionUpload, AnUnreadRestHasNoDeadlineThatCutsTheAnswer) {
  settings_.timeout_body = 10ms;
  bool ready = false;
  SourceControl source;
  source.on_read = [&](std::span<char>) {
    return SourceResult{ready ? SourceStatus::end : SourceStatus::wait, 0};
  };
  on_upload("/long", [&](const Request&, Response& response) {
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

TEST_F(ConnectionUpload, AFullQueueIs503AndTheBodyIsNotRead) {
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

TEST_F(ConnectionUpload, AHandlerThatReadsDoesNotOutliveTheServer) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/size", 10) + "x");
  ASSERT_TRUE(turn_until_entered());
  server().abandon_all();
  pool_.reset();
  EXPECT_EQ(status_, SourceStatus::failed);
  server_.reset();
}

}  // namespace
}  // namespace prefork
