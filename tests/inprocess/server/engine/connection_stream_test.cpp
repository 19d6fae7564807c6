// Answers whose content a source on the event loop gives piece by piece.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionStream : public StreamTest {
 protected:
  SourceControl source_;
};

TEST_F(ConnectionStream, ASourceWithoutASizeIsSentInChunks) {
  int step = 0;
  source_.on_read = [&](std::span<char> room) {
    ++step;
    return step == 1   ? fill(room, "hello ")
           : step == 2 ? fill(room, "world")
                       : http::SourceResult{http::SourceStatus::end, 0};
  };
  serve("/long", source_);
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/long") + get("/")),
            chunked_head() + "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n" + answer(200, "root"));
  EXPECT_TRUE(source_.destroyed);
  EXPECT_EQ(count(ipc::Counter::responses_2xx), 2U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
}

TEST_F(ConnectionStream, ASourceWithASizeIsSentAsItIs) {
  source_.give(11);
  serve("/long", source_, 11);
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/long") + get("/")),
            counted_head(11) + "xxxxxxxxxxx" + answer(200, "root"));
}

TEST_F(ConnectionStream, AShortAnswerOfASourceGoesOutInOneWrite) {
  PREFORK_SKIP_OVER_RECORDS();
  source_.give(11);
  serve("/long", source_);
  Client client = connect_by_packets();
  client.send(get("/") + get("/long") + get("/"));
  turn();
  EXPECT_EQ(client.take_one_write(), answer(200, "root") + chunked_head() +
                                         "b\r\nxxxxxxxxxxx\r\n0\r\n\r\n" + answer(200, "root"));
}

TEST_F(ConnectionStream, AnHttp10ClientReadsUntilTheEndOfTheConnection) {
  source_.give(100'000);
  serve("/long", source_);
  Client client = connect();
  client.send("GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(client.take(),
            "HTTP/1.1 200 OK\r\nServer: prefork-server\r\nDate: D\r\nConnection: close\r\n\r\n" +
                std::string(100'000, 'x'));
}

TEST_F(ConnectionStream, AnHttp10ClientKeepsAConnectionWhoseAnswersHaveASize) {
  source_.give(3);
  serve("/long", source_, 3);
  Client client = connect();
  EXPECT_EQ(exchange(client, "GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            counted_head(3, "Connection: keep-alive\r\n") + "xxx");
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
}

TEST_F(ConnectionStream, HeadDoesNotTouchTheSource) {
  source_.give(10);
  serve("/long", source_);
  Client client = connect();
  EXPECT_EQ(exchange(client, "HEAD /long HTTP/1.1\r\nHost: a\r\n\r\n"), chunked_head());
  EXPECT_EQ(source_.reads, 0);
  EXPECT_FALSE(source_.wake) << "it is not even started";
  EXPECT_TRUE(source_.destroyed) << "and not kept until the next answer";
  EXPECT_EQ(exchange(client, get("/")), answer(200, "root"));
}

TEST_F(ConnectionStream, AnAnswerThatMayHaveNoContentDoesNotTouchTheSource) {
  source_.give(10);
  router_.add(http::Method::get, "/long", exchange::RunOn::loop,
              [this](const http::Request&, http::Response& response) {
                response.set_status(204);
                response.set_source(std::make_unique<ControlledSource>(source_));
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/long")), error_answer(500, ""));
  EXPECT_EQ(source_.reads, 0);
  EXPECT_TRUE(source_.destroyed);
}

TEST_F(ConnectionStream, ASourceThatWaitsIsAskedAgainWhenAnotherThreadWakesIt) {
  std::atomic<bool> ready{false};
  source_.on_read = [&](std::span<char> room) {
    if (source_.reads == 1) {
      return fill(room, "first");
    }
    if (!ready) {
      return http::SourceResult{http::SourceStatus::wait, 0};
    }
    return source_.reads > 3 ? http::SourceResult{http::SourceStatus::end, 0}
                             : fill(room, "second");
  };
  serve("/long", source_);
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/long") + get("/")), chunked_head() + "5\r\nfirst\r\n")
      << "what there is goes out; the next answer waits";
  EXPECT_EQ(source_.reads, 2) << "nobody asks while it waits";
  pass_ticks();
  EXPECT_EQ(source_.reads, 2);
  std::thread waker([&] {
    ready = true;
    source_.wake();
  });
  const std::string rest = "6\r\nsecond\r\n0\r\n\r\n" + answer(200, "root");
  ASSERT_TRUE(turn_until_received(client, "root"));
  waker.join();
  EXPECT_EQ(client.take(), rest);
}

TEST_F(ConnectionStream, AWakeForAConnectionThatIsGoneOrWorksOnSomethingElseIsNothing) {
  source_.on_read = [&](std::span<char> room) {
    return source_.reads == 1 ? fill(room, "abc") : http::SourceResult{http::SourceStatus::wait, 0};
  };
  serve("/long", source_, 3);
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/long")), counted_head(3) + "abc");
  EXPECT_TRUE(source_.destroyed) << "with the last byte the answer is complete";
  source_.wake();
  EXPECT_EQ(exchange(client, "GET / HT"), "");
  source_.wake();
  EXPECT_EQ(exchange(client, get("/").substr(8)), answer(200, "root"));
  client.close();
  turn();
  Client other = connect();
  source_.wake();
  EXPECT_EQ(exchange(other, get("/")), answer(200, "root"));
}

TEST_F(ConnectionStream, AFailureInTheMiddleCutsTheConnection) {
  for (const bool throws : {false, true}) {
    source_ = {};
    source_.on_read = [&](std::span<char> room) {
      if (source_.reads == 1) {
        return fill(room, "first");
      }
      if (source_.reads == 2) {
        return http::SourceResult{http::SourceStatus::wait, 0};
      }
      if (throws) {
        throw std::runtime_error("no disk");
      }
      return http::SourceResult{http::SourceStatus::failed, 0};
    };
    const std::string path = throws ? "/throws" : "/fails";
    serve(path, source_);
    Client client = connect_by_tcp();
    client.send(get(path) + get("/"));
    ASSERT_TRUE(turn_until_received(client, "first\r\n"));
    source_.wake();
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_FALSE(client.at_clean_end()) << "the client sees that something is missing";
    EXPECT_EQ(client.take(), chunked_head() + "5\r\nfirst\r\n") << "and no last chunk";
    EXPECT_TRUE(source_.destroyed);
    ASSERT_FALSE(hooks_.reports.empty());
    EXPECT_NE(hooks_.reports.back().second.find("GET " + path +
                                                " cut off in its answer: the source of the "
                                                "content failed"),
              std::string::npos);
  }
  EXPECT_EQ(count(ipc::Counter::handler_errors), 2U);
}

TEST_F(ConnectionStream, AnswersBeforeAFailingSourceAreDelivered) {
  source_.on_read = [](std::span<char>) {
    return http::SourceResult{http::SourceStatus::failed, 0};
  };
  serve("/fails", source_);
  Client client = connect();
  client.send(get("/") + get("/fails") + get("/"));
  turn();
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(client.take(), answer(200, "root") + chunked_head());
}

TEST_F(ConnectionStream, ASourceThatBreaksItsPromiseIsCutAtTheLength) {
  source_.give(100);
  serve("/more", source_, 3);
  Client client = connect();
  client.send(get("/more"));
  turn();
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(client.take(), counted_head(3)) << "nothing of it is sent as something else";
  EXPECT_EQ(count(ipc::Counter::handler_errors), 1U);
}

TEST_F(ConnectionStream, RequestsBehindALongAnswerAreAnsweredInOrder) {
  source_.give(3'000'000);
  serve("/long", source_);
  SourceControl second;
  second.give(2'000'000, 'y');
  serve("/second", second, 2'000'000);
  Client client = connect_narrowly();
  client.send(get("/") + get("/long") + get("/second") + get("/echo") + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  std::string received = client.take();
  const std::string before = answer(200, "root") + chunked_head();
  ASSERT_TRUE(received.starts_with(before));
  const Chunked chunked = read_chunks(std::string_view(received).substr(before.size()));
  EXPECT_TRUE(chunked.complete);
  EXPECT_TRUE(chunked.content == std::string(3'000'000, 'x'));
  EXPECT_TRUE(chunked.rest == counted_head(2'000'000) + std::string(2'000'000, 'y') +
                                  answer(200, "/echo ") + answer(200, "root"));
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
}

TEST_F(ConnectionStream, AClientThatDoesNotReadCostsOnePiece) {
  source_.give(1'000'000'000'000);
  serve("/long", source_);
  Client client = connect_narrowly();
  client.send(get("/long"));
  turn();
  const std::uint64_t given = source_.given;
  EXPECT_GT(given, 0U);
  EXPECT_LT(given, 400'000U);
  source_.wake();
  turn();
  pass_ticks();
  EXPECT_EQ(source_.given, given) << "not even when it says that it has more";
  for (int i = 0; i < 100; ++i) {
    client.take();
    turn();
    client.take();
  }
  EXPECT_GT(source_.given, given) << "and it goes on when the client reads";
}

TEST_F(ConnectionStream, AnEndlessAnswerLetsOthersBeServed) {
  PREFORK_SKIP_OVER_RECORDS();
  source_.give(1'000'000'000'000);
  serve("/long", source_);
  Client greedy = connect();
  greedy.send(get("/long"));
  Client other = connect();
  other.send(get("/"));
  ASSERT_TRUE(turn_until([&] {
    greedy.take();
    return other.received().ends_with("root");
  }));
}

TEST_F(ConnectionStream, AClientThatGoesInTheMiddleEndsTheSource) {
  source_.give(1'000'000'000'000);
  serve("/long", source_);
  Client client = connect_narrowly();
  client.send(get("/long"));
  turn();
  EXPECT_FALSE(source_.destroyed);
  client.close();
  turn();
  EXPECT_TRUE(source_.destroyed);
  EXPECT_EQ(server().connection_count(), 0U);
}

TEST_F(ConnectionStream, AClientThatGoesWhileTheSourceWaitsIsNoticed) {
  source_.on_read = [](std::span<char>) { return http::SourceResult{http::SourceStatus::wait, 0}; };
  serve("/long", source_);
  Client client = connect();
  exchange(client, get("/long"));
  client.close();
  turn();
  EXPECT_TRUE(source_.destroyed);
  EXPECT_EQ(server().connection_count(), 0U);
}

TEST_F(ConnectionStream, AHalfClosedClientGetsItsLongAnswer) {
  source_.give(2'000'000);
  serve("/long", source_, 2'000'000);
  Client client = connect_narrowly();
  client.send(get("/long") + get("/"));
  client.finish_sending();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_TRUE(client.take() ==
              counted_head(2'000'000) + std::string(2'000'000, 'x') + answer(200, "root"));
}

TEST_F(ConnectionStream, TheTimeForWritingIsNotExtendedByInput) {
  settings_.timeouts.write = 300ms;
  source_.give(1'000'000'000'000);
  serve("/long", source_);
  Client client = connect_narrowly();
  client.send(get("/long"));
  turn();
  const std::uint64_t start_ns = clock_.now_ns();
  int ticks = 0;
  ASSERT_TRUE(turn_until([&] {
    if (hooks_.ticks != ticks) {
      ticks = hooks_.ticks;
      client.send_some("G");
    }
    return server().connection_count() == 0;
  }));
  EXPECT_LT(std::chrono::nanoseconds(clock_.now_ns() - start_ns), 10s);
  EXPECT_EQ(count(ipc::Counter::timeouts_write), 1U);
  EXPECT_TRUE(source_.destroyed);
}

TEST_F(ConnectionStream, TheTimeForWritingBeginsAnewWithEachProgress) {
  settings_.timeouts.write = 1s;
  source_.give(600'000);
  serve("/long", source_, 600'000);
  Client client = connect_narrowly();
  client.send(get("/long"));
  const std::uint64_t start_ns = clock_.now_ns();
  int ticks = 0;
  const std::string head = counted_head(600'000);
  std::size_t received = 0;
  ASSERT_TRUE(turn_until([&] {
    if (hooks_.ticks != ticks) {
      ticks = hooks_.ticks;
      received += client.take_one_write().size();
    }
    return server().connection_count() == 0 || source_.destroyed;
  }));
  EXPECT_GT(std::chrono::nanoseconds(clock_.now_ns() - start_ns), 1s)
      << "else this test shows nothing";
  EXPECT_EQ(count(ipc::Counter::timeouts_write), 0U);
  EXPECT_TRUE(turn_until([&] {
    received += client.take().size();
    return received >= head.size() + 600'000 || client.at_any_end();
  }));
  EXPECT_EQ(received, head.size() + 600'000);
}

TEST_F(ConnectionStream, ASourceMayWaitForAsLongAsItLikes) {
  settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
      settings_.timeouts.keep_alive = 10ms;
  bool ready = false;
  source_.on_read = [&](std::span<char>) {
    return http::SourceResult{ready ? http::SourceStatus::end : http::SourceStatus::wait, 0};
  };
  serve("/long", source_);
  Client client = connect();
  client.send(get("/long", "Connection: close\r\n"));
  turn();
  pass_ticks();
  ready = true;
  source_.wake();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(), chunked_head(kClose) + "0\r\n\r\n");
}

TEST_F(ConnectionStream, AServerThatGoesTakesItsSourcesWithIt) {
  class Waking : public http::BodySource {
   public:
    ~Waking() override { wake_(); }
    void start(std::function<void()> wake) override { wake_ = std::move(wake); }
    http::SourceResult read(std::span<char>) override { return {http::SourceStatus::wait, 0}; }

   private:
    std::function<void()> wake_;
  };
  router_.add(http::Method::get, "/long", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_source(std::make_unique<Waking>());
              });
  Client client = connect();
  exchange(client, get("/long"));
  server_.reset();
  EXPECT_TRUE(client.at_any_end());
}

}  // namespace
}  // namespace prefork::engine
