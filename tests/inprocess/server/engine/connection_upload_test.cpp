// Content of requests that a handler on a thread reads while it arrives.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <string>

#include "tests/inprocess/server/engine/upload_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionUpload : public UploadTest {};

TEST_F(ConnectionUpload, TheHandlerReadsWhatComesByLengthAndInChunks) {
  PREFORK_SKIP_OVER_RECORDS();
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
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::responses_2xx) == 4; }));
  turn();
  EXPECT_EQ(client.take(), expected);
  EXPECT_EQ(status_, http::SourceStatus::end);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
}

TEST_F(ConnectionUpload, ARequestWithoutABodyHasAnEmptyOne) {
  use_pool();
  Client client = connect();
  client.send("POST /size HTTP/1.1\r\nHost: a\r\n\r\n" + counted_post("/size", 0) +
              chunked_post("/size") + "0\r\n\r\n" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), repeat(answer(200, "0"), 3) + answer(200, "root"));
  EXPECT_EQ(status_, http::SourceStatus::end);
}

TEST_F(ConnectionUpload, WithoutAPoolTheBodyIsThereWhenTheHandlerLooks) {
  Client client = connect();
  EXPECT_EQ(exchange(client, counted_post("/size", 5) + "xx"), "");
  EXPECT_EQ(exchange(client, "xxx" + post("/size", "xx") + post("/size", "")),
            answer(200, "5") + answer(200, "2") + answer(200, "0"));
}

TEST_F(ConnectionUpload, ASlowHandlerStopsTheReadingOfTheSocket) {
  PREFORK_SKIP_OVER_RECORDS();
  use_pool();
  Client client = connect_narrowly();
  client.send(counted_post("/later", 20'000'000));
  const std::size_t sent = send_until_full(client);
  EXPECT_LT(sent, 600'000U) << "the channel, one read, and what the kernel holds";
  gate_.open();
  ASSERT_TRUE(send_all(client, std::string(20'000'000 - sent, 'x') + get("/")));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), answer(200, "20000000") + answer(200, "root"));
}

TEST_F(ConnectionUpload, ABodyThatStopsComingIs408AndTheHandlersReadFails) {
  settings_.timeouts.body = 50ms;
  use_pool();
  Client client = connect();
  client.send(counted_post("/size", 10) + "x");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), error_answer(408, "the request's body took too long", kClose));
  finish_handlers();
  EXPECT_EQ(status_, http::SourceStatus::failed);
  EXPECT_EQ(count(ipc::Counter::timeouts_body), 1U);
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
  EXPECT_EQ(status_, http::SourceStatus::failed);
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
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
  EXPECT_EQ(status_, http::SourceStatus::failed);
}

TEST_F(ConnectionUpload, AClientThatLeavesInTheMiddleFailsTheRead) {
  use_pool();
  for (const bool half : {false, true}) {
    status_ = http::SourceStatus::wait;
    Client client = connect();
    client.send(counted_post("/size", 10) + "xxx");
    ASSERT_TRUE(turn_until_entered(half ? 2 : 1));
    if (half) {
      client.finish_sending();
    } else {
      client.close();
    }
    finish_handlers();
    EXPECT_EQ(status_, http::SourceStatus::failed);
    EXPECT_EQ(server().connection_count(), 0U);
  }
  EXPECT_EQ(count(ipc::Counter::peer_resets), 2U);
}

TEST_F(ConnectionUpload, ClientsThatLeaveFailTheirReadsHoweverManyThereAre) {
  // More than the server keeps spare exchanges for.
  constexpr std::size_t kUploads = 70;
  std::atomic<std::size_t> entered{0};
  std::atomic<std::size_t> failed{0};
  on_upload("/counted", [&](const http::Request& request, http::Response&) {
    ++entered;
    std::string all;
    failed += read_all(*request.content, all) == http::SourceStatus::failed ? 1U : 0U;
  });
  use_pool(kUploads, kUploads);
  {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < kUploads; ++i) {
      clients.push_back(connect());
      clients.back().send(counted_post("/counted", 10) + "x");
    }
    // A busy pool is not enough: what has not entered its handler when the client leaves is
    // skipped.
    ASSERT_TRUE(turn_until([&] { return entered == kUploads; }));
  }
  finish_handlers();
  EXPECT_EQ(failed, kUploads);
}

TEST_F(ConnectionUpload, EachRouteHasItsLimit) {
  const exchange::Handler size = [this](const http::Request& request, http::Response& response) {
    std::string all;
    status_ = read_all(*request.content, all);
    response.set_body(std::to_string(all.size()));
  };
  on_upload("/small", size, 10);
  router_.add(http::Method::post, "/buffered", {.run_on = exchange::RunOn::loop, .body_limit = 10},
              [](const http::Request& request, http::Response& response) {
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
      status_ = http::SourceStatus::wait;
      Client client = connect();
      client.send(request);
      ASSERT_TRUE(turn_until_end(client));
      EXPECT_EQ(client.take(), error_answer(413, "body over the limit", kClose)) << request;
      finish_handlers();
      EXPECT_NE(status_, http::SourceStatus::end);
    }
  }
}

TEST_F(ConnectionUpload, AnEchoRunsInBothDirectionsAtOnce) {
  PREFORK_SKIP_OVER_RECORDS();
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
  EXPECT_EQ(status_, http::SourceStatus::end);
}

TEST_F(ConnectionUpload, AHandlerThatReadsDoesNotOutliveTheServer) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/size", 10) + "x");
  ASSERT_TRUE(turn_until_entered());
  server().abandon_all();
  pool_.reset();
  EXPECT_EQ(status_, http::SourceStatus::failed);
  server_.reset();
}

}  // namespace
}  // namespace prefork::engine
