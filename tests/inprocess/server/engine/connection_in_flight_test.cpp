// Requests that are not finished at the end of a turn: each is shown with the phase it is in, for
// as long as it is, whatever the message looks like and however it ends.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/inprocess/server/engine/upload_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionInFlight : public UploadTest {
 protected:
  // An answer in one piece, and more than a narrow connection takes.
  static constexpr std::size_t kBigBytes = 30'000;

  ConnectionInFlight() {
    for (const char* const path : {"/big", "/other"}) {
      router_.add(http::Method::get, path, exchange::RunOn::loop,
                  [](const http::Request&, http::Response& response) {
                    response.set_body(std::string(kBigBytes, 'x'));
                  });
    }
  }

  bool turn_until_nothing_is_in_flight(Client& client) {
    return turn_until([&] {
      client.read();
      return in_flight().empty();
    });
  }
};

TEST_F(ConnectionInFlight, WhatIsAnsweredAtOnceIsNeverShown) {
  Client client = connect();
  exchange(client, get("/") + post("/echo", "content") + get("/nowhere"));
  EXPECT_TRUE(record_->unfinished_requests.boxes().empty());
}

TEST_F(ConnectionInFlight, ARequestIsReadUntilItsContentIsThere) {
  for (const std::size_t size : {20U, 5000U}) {
    Client client = connect();
    const std::string whole = post("/echo", std::string(size, 'x'));
    EXPECT_EQ(exchange(client, whole.substr(0, 20)), "");
    EXPECT_EQ(in_flight(), "") << "nobody knows yet what it wants";
    EXPECT_EQ(exchange(client, whole.substr(20, whole.size() - 25)), "");
    EXPECT_EQ(in_flight(), "POST /echo reading\n") << size;
    EXPECT_EQ(exchange(client, whole.substr(whole.size() - 5, 1)), "");
    EXPECT_EQ(in_flight(), "POST /echo reading\n") << size;
    EXPECT_EQ(exchange(client, whole.substr(whole.size() - 4)),
              answer(200, "/echo " + std::string(size, 'x')));
    EXPECT_EQ(in_flight(), "") << size;
  }
}

TEST_F(ConnectionInFlight, ContentInChunksIsReadUntilTheLastOne) {
  Client client = connect();
  exchange(client, chunked_post("/echo") + "5\r\nabcde\r\n");
  EXPECT_EQ(in_flight(), "POST /echo reading\n");
  EXPECT_EQ(exchange(client, "0\r\n\r\n"), answer(200, "/echo abcde"));
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, AClientThatGoesWhileItsRequestIsReadTakesItAway) {
  for (const std::size_t size : {20U, 5000U}) {
    Client client = connect();
    exchange(client, counted_post("/echo", size) + "a part");
    EXPECT_EQ(in_flight(), "POST /echo reading\n") << size;
    client.close();
    turn();
    EXPECT_EQ(in_flight(), "") << size;
  }
}

TEST_F(ConnectionInFlight, AServerThatEndsAtOnceLeavesNothingOfAParkedMessage) {
  Client client = connect();
  exchange(client, counted_post("/echo", 20) + "a part");
  server().abandon_all();
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, ContentThatTakesTooLongIsNotReadAnyMore) {
  settings_.timeouts.body = 1s;
  for (const std::size_t size : {20U, 5000U}) {
    Client client = connect();
    exchange(client, counted_post("/echo", size) + "a part");
    EXPECT_EQ(in_flight(), "POST /echo reading\n") << size;
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_TRUE(client.take().starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(in_flight(), "") << size;
  }
}

TEST_F(ConnectionInFlight, ARequestIsQueuedUntilItsJobIsBack) {
  HeldJobs held;
  executor_ = &held;
  Client client = connect();
  exchange(client, counted_post("/slow", 5000) + std::string(4999, 'x'));
  EXPECT_EQ(in_flight(), "POST /slow reading\n");
  exchange(client, "x" + get("/slow"));
  EXPECT_EQ(in_flight(), "POST /slow queued\n") << "what follows waits as bytes";
  held.complete(server());
  turn();
  EXPECT_EQ(in_flight(), "GET /slow queued\n");
  held.complete(server());
  turn();
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, ARequestThatAThreadRunsIsHandledAndThenSent) {
  PREFORK_SKIP_OVER_RECORDS();
  router_.add(http::Method::get, "/stream", exchange::RunOn::pool,
              [this](const http::Request&, http::Response& response) {
                ++entered_;
                gate_.wait();
                exchange::BodyChannel& out = response.start_stream();
                for (int piece = 0; piece < 100; ++piece) {
                  out.write(std::string(10'000, 'x'));
                }
              });
  use_pool();
  Client client = connect_narrowly();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until_entered());
  EXPECT_EQ(in_flight(), "GET /stream handling\n");
  gate_.open();
  ASSERT_TRUE(turn_until([this] { return in_flight() == "GET /stream sending\n"; })) << in_flight();
  const ipc::RequestsInFlight found = ipc::read_requests_in_flight(*record_);
  EXPECT_TRUE(found.named.at(0).pool_thread.has_value()) << "its handler runs still";
  ASSERT_TRUE(turn_until_nothing_is_in_flight(client));
}

TEST_F(ConnectionInFlight, AnUploadIsHandledWhileItsContentComes) {
  use_pool();
  Client client = connect();
  client.send(counted_post("/size", 100) + "xxx");
  ASSERT_TRUE(turn_until_entered());
  EXPECT_EQ(in_flight(), "POST /size handling\n");
  client.send(std::string(97, 'x'));
  ASSERT_TRUE(turn_until_received(client, "100"));
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, AnAnswerThatIsLeftForLaterIsDeferredAlsoWhileItsHandlerIsCalled) {
  std::unique_ptr<exchange::Job> kept;
  std::string meanwhile;
  const auto added =
      router_.add_deferred("GET", "/later", {}, [&](std::unique_ptr<exchange::Job> job) {
        meanwhile = in_flight();
        kept = std::move(job);
      });
  ASSERT_TRUE(added.ok());
  Client client = connect();
  exchange(client, get("/later"));
  EXPECT_EQ(meanwhile, "GET /later handling\n");
  EXPECT_EQ(in_flight(), "GET /later deferred\n");
  kept->response.set_body("now");
  kept->finish();
  exchange::CompletionSink& sink = *kept->sink;
  sink.deliver(std::move(kept));
  turn();
  EXPECT_EQ(client.take(), answer(200, "now"));
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, AnAnswerIsSentUntilItsClientHasTakenIt) {
  PREFORK_SKIP_OVER_RECORDS();
  SourceControl control;
  control.give(1'000'000);
  serve("/long", control, 1'000'000);
  Client client = connect_narrowly();
  client.send(get("/long?query"));
  turn();
  EXPECT_EQ(in_flight(), "GET /long sending\n");
  ASSERT_TRUE(turn_until_nothing_is_in_flight(client));
  EXPECT_EQ(client.take().size(), counted_head(1'000'000).size() + 1'000'000);
}

TEST_F(ConnectionInFlight, AnAnswerWhoseSourceHasNothingIsBeingSent) {
  SourceControl control;
  control.on_read = [](std::span<char>) { return http::SourceResult{http::SourceStatus::wait, 0}; };
  serve("/events", control);
  Client client = connect();
  exchange(client, get("/events"));
  EXPECT_EQ(in_flight(), "GET /events sending\n");
  client.close();
  turn();
}

// The exchange of a short answer is over when it is written to the connection, which may be long
// before the client has it.
TEST_F(ConnectionInFlight, AShortAnswerIsSentUntilItsClientHasTakenIt) {
  PREFORK_SKIP_OVER_RECORDS();
  for (const char* const fields : {"", "Connection: close\r\n"}) {
    Client client = connect_narrowly();
    client.send(get("/big", fields));
    turn();
    EXPECT_EQ(in_flight(), "GET /big sending\n");
    turn();
    EXPECT_EQ(in_flight(), "GET /big sending\n");
    ASSERT_TRUE(turn_until_nothing_is_in_flight(client));
    EXPECT_TRUE(client.received().ends_with("xxx"));
    client.close();
    turn();
  }
}

TEST_F(ConnectionInFlight, ARequestInPiecesIsNamedWhileItsShortAnswerIsSent) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_narrowly();
  const std::string request = get("/big");
  exchange(client, request.substr(0, 12));
  client.send(request.substr(12));
  turn();
  EXPECT_EQ(in_flight(), "GET /big sending\n");
  client.close();
  turn();
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, OfSeveralShortAnswersTheLastOneIsNamed) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_narrowly();
  client.send(get("/big") + get("/other"));
  turn();
  EXPECT_EQ(in_flight(), "GET /other sending\n");
  ASSERT_TRUE(turn_until_nothing_is_in_flight(client));
  EXPECT_EQ(count(ipc::Counter::requests), 2U);
}

TEST_F(ConnectionInFlight, WhatFollowsAnAnswerThatIsTakenAtLastIsShownInItsPlace) {
  PREFORK_SKIP_OVER_RECORDS();
  HeldJobs held;
  executor_ = &held;
  Client client = connect_narrowly();
  client.send(get("/big"));
  turn();
  client.send(get("/slow"));
  turn();
  EXPECT_EQ(in_flight(), "GET /big sending\n");
  ASSERT_TRUE(turn_until([&] {
    client.read();
    return in_flight() == "GET /slow queued\n";
  })) << in_flight();
  held.complete(server());
  turn();
  EXPECT_EQ(in_flight(), "");
}

TEST_F(ConnectionInFlight, WhatIsNoRequestIsNotNamedForTheOneBeforeIt) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect_narrowly();
  client.send(get("/big") + kUnknownMethod);
  turn();
  EXPECT_EQ(in_flight(), "");
  ASSERT_TRUE(turn_until_end(client));
}

TEST_F(ConnectionInFlight, ManyListenersLeaveRoomForOthersAndAreCounted) {
  SourceControl control;
  control.on_read = [](std::span<char>) { return http::SourceResult{http::SourceStatus::wait, 0}; };
  serve("/events", control);
  std::vector<Client> listeners;
  for (std::uint32_t i = 0; i < exchange::InFlightLedger::kMaxOfPhase + 3; ++i) {
    listeners.push_back(connect());
    listeners.back().send(get("/events"));
    turn();
  }
  Client client = connect();
  exchange(client, counted_post("/echo", 20) + "a part");
  const std::string shown = in_flight();
  EXPECT_TRUE(shown.starts_with("POST /echo reading\nGET /events sending\n")) << shown;
  EXPECT_TRUE(shown.ends_with("\nand 3 more\n")) << shown;
  for (Client& listener : listeners) {
    listener.close();
  }
  turn();
  EXPECT_EQ(in_flight(), "POST /echo reading\n");
}

}  // namespace
}  // namespace prefork::engine
