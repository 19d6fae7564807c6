// Clients that are slow, silent, greedy or rude hold up nobody but themselves.
#include <gtest/gtest.h>

#include <sys/socket.h>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

Json timeouts_of(const ServerProcess& server) { return server.statistics()["totals"]["timeouts"]; }

TEST(ASlowHead, GetsA408AtItsDeadlineWhileOthersAreServed) {
  const ServerProcess server({"--workers", "1", "--timeout-header", "500ms"});
  Client slow(server.url());
  const auto start = TestClock::now();
  const std::string request = get_request("/plaintext");
  for (const char byte : request) {
    if (!slow.send({&byte, 1}) || slow.is_readable_within(Milliseconds{0})) {
      break;
    }
    ASSERT_EQ(get(server.url(), "/plaintext", kASecond).status, 200);
    pause_for(Milliseconds{100});
  }
  const Reply reply = slow.receive();
  EXPECT_EQ(reply.status, 408) << reply;
  EXPECT_TRUE(reply.says_close()) << reply;
  EXPECT_GE(elapsed_since(start), Milliseconds{500});
  EXPECT_LT(elapsed_since(start), Milliseconds{500} + kASecond);
  EXPECT_EQ(slow.receive_to_the_end(), "");
  EXPECT_EQ(timeouts_of(server)["header"], 1);
}

TEST(ASlowHead, OfALaterRequestHasTheSameDeadline) {
  const ServerProcess server(
      {"--workers", "1", "--timeout-header", "500ms", "--timeout-keep-alive", "60s"});
  Client slow(server.url());
  ASSERT_EQ(slow.get("/plaintext").status, 200);
  pause_for(Milliseconds{700});  // idle for longer than that: no business of the header's deadline
  slow.send("GET /");
  const auto start = TestClock::now();
  EXPECT_EQ(slow.receive().status, 408);
  EXPECT_GE(elapsed_since(start), Milliseconds{450});
}

TEST(AConnectionThatSaysNothing, IsClosedWithoutAWordAtTheHeaderDeadline) {
  const ServerProcess server({"--workers", "1", "--timeout-header", "300ms"});
  Client silent(server.url());
  EXPECT_EQ(silent.receive_to_the_end(), "");
  EXPECT_EQ(silent.problem(), "");
  EXPECT_EQ(timeouts_of(server)["header"], 1);
}

TEST(ASlowBody, GetsA408AtItsDeadline) {
  const ServerProcess server({"--workers", "1", "--timeout-body", "400ms"});
  Client slow(server.url());
  slow.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
  const auto start = TestClock::now();
  while (!slow.is_readable_within(Milliseconds{0}) && elapsed_since(start) < kASecond * 3) {
    slow.send("x");
    pause_for(Milliseconds{50});
  }
  const Reply reply = slow.receive();
  EXPECT_EQ(reply.status, 408) << reply;
  EXPECT_GE(elapsed_since(start), Milliseconds{400});
  EXPECT_LT(elapsed_since(start), Milliseconds{400} + kASecond);
  EXPECT_EQ(timeouts_of(server)["body"], 1);
}

TEST(AnIdleConnection, IsClosedAfterTheKeepAliveTimeWithoutAWord) {
  const ServerProcess server({"--workers", "1", "--timeout-keep-alive", "300ms"});
  Client idle(server.url());
  ASSERT_EQ(idle.get("/plaintext").status, 200);
  const auto start = TestClock::now();
  EXPECT_EQ(idle.receive_to_the_end(), "");
  EXPECT_EQ(idle.problem(), "");
  EXPECT_GE(elapsed_since(start), Milliseconds{250});
  EXPECT_LT(elapsed_since(start), Milliseconds{300} + kASecond);
  EXPECT_EQ(timeouts_of(server)["keep_alive"], 1);
}

TEST(AClientThatDoesNotRead, IsClosedAtTheWriteDeadlineWhileOthersAreServed) {
  const ServerProcess server({"--workers", "1", "--timeout-write", "500ms"});
  Client greedy(server.url(), kPatience, 4096);
  const std::string body(900'000, 'x');
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  std::size_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    const std::size_t size = greedy.send_some(request, Milliseconds{300});
    sent += size;
    if (size < request.size()) {
      break;
    }
  }
  EXPECT_LT(sent, 20 * request.size())
      << "the server must not take what nobody reads the answer to";
  EXPECT_EQ(get(server.url(), "/plaintext", kASecond).status, 200);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["timeouts"]["write"] == 1 &&
           report["totals"]["connections"]["active"] == 0;
  })) << server.statistics()["totals"];
  EXPECT_LT(server.statistics()["workers"][0]["resident_bytes"].get<std::size_t>(),
            std::size_t{64} * 1024 * 1024);
}

TEST(ASlowReader, ThatReadsAllTheTimeGetsEverything) {
  const ServerProcess server({"--workers", "1", "--timeout-write", "500ms"});
  Client slow(server.url(), kPatience, 4096);
  const std::string body(1'000'000, 'x');
  slow.send("POST /echo HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  pause_for(Milliseconds{400});
  const Reply reply = slow.receive();
  EXPECT_EQ(reply.status, 200) << reply.problem;
  EXPECT_TRUE(reply.body.ends_with(body));
}

TEST(A413, CanBeReadByAClientThatIsStillSending) {
  const ServerProcess server({"--workers", "1"});
  for (int round = 0; round < 20; ++round) {
    Client client(server.url());
    const std::string body(4 * 1024 * 1024, 'x');
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    ASSERT_TRUE(client.send(body)) << client.problem();
    const Reply reply = client.receive();
    ASSERT_EQ(reply.status, 413) << reply;
    EXPECT_TRUE(reply.says_close());
    client.receive_to_the_end();
    ASSERT_EQ(client.problem(), "") << "an end, not a reset";
  }
}

TEST(A413, OfAChunkedBodyCanBeReadByAClientThatIsStillSending) {
  const ServerProcess server({"--workers", "1"});
  Client client(server.url());
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(client.send(chunk)) << client.problem();
  }
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 413) << reply;
  client.receive_to_the_end();
  EXPECT_EQ(client.problem(), "");
}

TEST(AClientThatResets, IsCountedAndForgotten) {
  const ServerProcess server({"--workers", "2"});
  for (int i = 0; i < 20; ++i) {
    Client rude(server.url());
    rude.send(get_request("/plaintext"));
    ASSERT_EQ(rude.receive().status, 200);
    rude.abort();
  }
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["connections"]["active"] == 0 &&
           report["totals"]["errors"]["peer_resets"] == 20;
  })) << server.statistics()["totals"];
}

TEST(AClientThatLeaves, BeforeItsAnswerDoesNoHarm) {
  const ServerProcess server({"--workers", "1"});
  for (int i = 0; i < 8; ++i) {
    Client leaver(server.url());
    leaver.send(get_request("/sleep?ms=200") + get_request("/plaintext"));
  }
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["connections"]["active"] == 0 && report["totals"]["pool"]["busy"] == 0;
  })) << server.statistics()["totals"];
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.statistics()["workers"][0]["restarts"], 0);
}

TEST(AClientThatEndsItsHalf, StillGetsItsAnswer) {
  const ServerProcess server({"--workers", "1"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=200"));
  ::shutdown(client.fd(), SHUT_WR);
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 200) << reply;
}

}  // namespace
}  // namespace prefork::test
