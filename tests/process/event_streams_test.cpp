// Server-sent events without a thread each: of a topic, and written by a coroutine.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kWaitsApp = test_app("waits");

Reply publish(const ServerProcess& server, std::string_view piece) {
  Client client(server.url());
  client.send("POST /news HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(piece.size()) +
              "\r\n\r\n" + std::string(piece));
  return client.receive();
}

// One that listens to a stream.
class Listener {
 public:
  Listener(const ServerProcess& server, std::string_view path, std::string_view last_id = {},
           int receive_buffer_bytes = 0)
      : client_(server.url(), kPatience, receive_buffer_bytes) {
    std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n";
    if (!last_id.empty()) {
      request.append("Last-Event-ID: ").append(last_id).append("\r\n");
    }
    client_.send(request + "\r\n");
    head_ = client_.receive_without_body();
    EXPECT_EQ(head_.status, 200) << head_;
    EXPECT_EQ(head_.header("Content-Type"), "text/event-stream");
  }

  // Waits until all that came has this text in it.
  testing::AssertionResult hears(std::string_view text) {
    if (!client_.receive_until(text, heard_)) {
      return testing::AssertionFailure() << "only: " << heard_;
    }
    return testing::AssertionSuccess();
  }
  [[nodiscard]] const std::string& heard() const { return heard_; }
  Client& client() { return client_; }

 private:
  Client client_;
  Reply head_;
  std::string heard_;
};

TEST(EventStreams, OfATopicReachTheClientsOfAllWorkers) {
  ServerProcess server({kWaitsApp, "--workers", "2"});
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 8; ++i) {
    listeners.push_back(std::make_unique<Listener>(server, i % 2 == 0 ? "/news" : "/news/later"));
  }
  EXPECT_EQ(publish(server, "first\nin two lines").body, "yes");
  for (const auto& listener : listeners) {
    EXPECT_TRUE(listener->hears("id: 1\ndata: first\ndata: in two lines\n\n"));
  }
  EXPECT_NE(listeners.front()->heard().find("retry: 50\n\n"), std::string::npos);
  Listener typed(server, "/news/loop");
  publish(server, "second");
  EXPECT_TRUE(typed.hears("id: 2\nevent: word\ndata: second\n\n"));
  EXPECT_EQ(typed.heard().find("first"), std::string::npos);
}

TEST(EventStreams, WhoComesBackGetsWhatWasMissed) {
  ServerProcess server({kWaitsApp, "--workers", "1"});
  for (const char* const piece : {"one", "two", "three"}) {
    publish(server, piece);
  }
  Listener listener(server, "/news", "1");
  EXPECT_TRUE(listener.hears("id: 3\ndata: three\n\n"));
  EXPECT_NE(listener.heard().find("id: 2\ndata: two\n\n"), std::string::npos);
  EXPECT_EQ(listener.heard().find("data: one"), std::string::npos);
  Listener of_another_server(server, "/news", "999");
  EXPECT_TRUE(of_another_server.hears("data: one"));
  Listener of_nobody(server, "/news", "what?");
  publish(server, "four");
  EXPECT_TRUE(of_nobody.hears("id: 4\n"));
}

TEST(EventStreams, WhoIsTooLateIsToldHowManyWereLostOrIsClosed) {
  ServerProcess server({kWaitsApp, "--workers", "1"});
  for (int i = 0; i < 70; ++i) {
    publish(server, std::to_string(i));
  }
  Listener skips(server, "/news", "2");
  EXPECT_TRUE(skips.hears("event: lost\ndata: 4\n\nid: 7\ndata: 6\n\n"));
  Listener closes(server, "/news/close", "2");
  EXPECT_TRUE(closes.hears("0\r\n\r\n"));
}

TEST(EventStreams, AClientThatDoesNotReadHoldsUpNobody) {
  ServerProcess server({kWaitsApp, "--workers", "1", "--timeout-write", "120"});
  Listener slow(server, "/news", {}, 4096);
  Listener quick(server, "/news");
  const std::string piece(50'000, 'p');
  for (int i = 1; i <= 300; ++i) {
    publish(server, piece);
    EXPECT_TRUE(quick.hears("id: " + std::to_string(i) + "\n"));
  }
  EXPECT_EQ(quick.heard().find("event: lost"), std::string::npos);
  publish(server, "the end");
  EXPECT_TRUE(slow.hears("data: the end\n"));
  EXPECT_NE(slow.heard().find("event: lost"), std::string::npos);
}

TEST(EventStreams, HaveHeartbeatsWhereTheyAreWanted) {
  ServerProcess server({kWaitsApp, "--workers", "1"});
  Listener listener(server, "/news/beating");
  EXPECT_TRUE(listener.hears(":\n\n\r\n3\r\n:\n\n\r\n3\r\n:\n\n"));
}

TEST(EventStreams, ACoroutineWritesThemWithIdRetryAndComments) {
  ServerProcess server({kWaitsApp, "--workers", "1"});
  Listener listener(server, "/ticks", "41");
  EXPECT_TRUE(listener.hears("id: 42\nretry: 20\nevent: t\ndata: tick\n\n"));
  EXPECT_TRUE(listener.hears(":so far\n\n"));
  EXPECT_TRUE(listener.hears(":\n\n"));
  EXPECT_TRUE(listener.hears("id: 44\n"));
  listener.client().close();
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["streams"] == 0; }));
}

TEST(EventStreams, EndWhenTheirWorkerDrainsSoThatClientsComeBack) {
  ServerProcess server({kWaitsApp, "--workers", "1"});
  Listener of_a_topic(server, "/news");
  Listener of_a_coroutine(server, "/ticks");
  publish(server, "seen");
  EXPECT_TRUE(of_a_topic.hears("id: 1\n"));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(of_a_topic.hears("\r\n0\r\n\r\n"));
  EXPECT_TRUE(of_a_coroutine.hears("\r\n0\r\n\r\n"));
  publish(server, "missed");
  Listener again(server, "/news", "1");
  EXPECT_TRUE(again.hears("id: 2\ndata: missed\n\n"));
  EXPECT_TRUE(server.has_logged({"left behind: 0"}));
}

TEST(EventStreams, HundredsNeedNoThreads) {
  ServerProcess server({kWaitsApp, "--workers", "1", "--threads", "1"});
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 300; ++i) {
    listeners.push_back(std::make_unique<Listener>(server, "/news"));
  }
  publish(server, "to all");
  for (const auto& listener : listeners) {
    EXPECT_TRUE(listener->hears("data: to all\n\n"));
  }
  EXPECT_EQ(get(server.url(), "/pool").body, "pooled 1");
  listeners.clear();
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["streams"] == 0; }));
}

}  // namespace
}  // namespace prefork::test
