// What comes over the wire when the whole program runs; the fine points of HTTP are the conformance
// level's.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

class Serving : public testing::Test {
 protected:
  ServerProcess server_{{"--workers", "2"}};
  Client client_{server_.url()};
};

TEST_F(Serving, TheWelcomePageNamesTheWorkerThatAnswered) {
  const Reply reply = client_.get("/");
  ASSERT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
  const auto pids = server_.worker_pids();
  EXPECT_TRUE(std::any_of(pids.begin(), pids.end(), [&](const auto& worker) {
    return reply.body.find("worker " + std::to_string(worker.first) + "</b>, pid <b>" +
                           std::to_string(worker.second)) != std::string::npos;
  })) << reply;
  EXPECT_NE(reply.body.find(server_.admin_url() + "/stats"), std::string::npos) << reply;
  EXPECT_EQ(reply.body.find("/crash"), std::string::npos) << "not without --demo-crash";
}

TEST_F(Serving, PlaintextHasServerDateTypeAndLength) {
  const Reply reply = client_.get("/plaintext");
  ASSERT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.body, "Hello, World!");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain");
  EXPECT_EQ(reply.header("Content-Length"), "13");
  EXPECT_EQ(reply.header("Server"), "prefork-server");
  ASSERT_TRUE(reply.header("Date"));
  EXPECT_TRUE(reply.header("Date")->ends_with(" GMT")) << *reply.header("Date");
}

TEST_F(Serving, JsonIsJson) {
  const Reply reply = client_.get("/json");
  ASSERT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  EXPECT_EQ(Json::parse(reply.body), Json({{"message", "Hello, World!"}}));
}

TEST_F(Serving, EchoGivesBackHeadAndBody) {
  client_.send(
      "POST /echo?a=1 HTTP/1.1\r\nHost: test\r\nX-Mine: yes\r\nContent-Length: 4\r\n\r\nbody");
  const Reply reply = client_.receive();
  ASSERT_EQ(reply.status, 200) << reply;
  EXPECT_TRUE(reply.body.starts_with("POST /echo?a=1 HTTP/1.1\n")) << reply;
  EXPECT_NE(reply.body.find("\nX-Mine: yes\n"), std::string::npos) << reply;
  EXPECT_TRUE(reply.body.ends_with("\n\nbody")) << reply;
}

TEST_F(Serving, EchoJoinsTheChunksOfABodyThatComesInPieces) {
  client_.send(
      "PUT /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n4\r");
  EXPECT_FALSE(client_.is_readable_within(Milliseconds{50})) << "the body is not complete";
  client_.send("\nghij\r\n0\r\n\r\n");
  const Reply reply = client_.receive();
  ASSERT_EQ(reply.status, 200) << reply;
  EXPECT_TRUE(reply.body.ends_with("\n\nabcdefghij")) << reply;
}

TEST_F(Serving, EchoTakesABodyOfTheLargestSizeAllowed) {
  const std::string body(1024 * 1024, 'x');
  client_.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  const Reply reply = client_.receive();
  ASSERT_EQ(reply.status, 200) << reply.problem;
  EXPECT_TRUE(reply.body.ends_with("\n\n" + body));
}

TEST_F(Serving, SleepAnswersAfterTheTimeAndOnlyWithANumber) {
  const auto start = TestClock::now();
  EXPECT_EQ(client_.get("/sleep?ms=150").body, "slept 150 ms\n");
  EXPECT_GE(elapsed_since(start), Milliseconds{150});
  EXPECT_EQ(client_.get("/sleep?ms=soon").status, 400);
  EXPECT_EQ(client_.get("/sleep").status, 400);
}

TEST_F(Serving, SleepersDoNotHoldUpTheEventLoop) {
  Client sleeper(server_.url());
  Client other_sleeper(server_.url());
  sleeper.send(get_request("/sleep?ms=1500"));
  other_sleeper.send(get_request("/sleep?ms=1500"));
  const auto start = TestClock::now();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(get(server_.url(), "/plaintext").status, 200);
  }
  EXPECT_LT(elapsed_since(start), Milliseconds{1500});
  EXPECT_EQ(sleeper.receive().status, 200);
  EXPECT_EQ(other_sleeper.receive().status, 200);
}

TEST_F(Serving, UnknownPathsAre404AndTheConnectionStays) {
  EXPECT_EQ(client_.get("/nothing-here").status, 404);
  EXPECT_EQ(client_.get("/crash").status, 404) << "not without --demo-crash";
  EXPECT_EQ(client_.get("/plaintext").status, 200);
}

TEST_F(Serving, AWrongMethodIs405AndNamesTheRightOnes) {
  client_.send("DELETE /plaintext HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply reply = client_.receive();
  EXPECT_EQ(reply.status, 405) << reply;
  const std::string allow = reply.header("Allow").value_or("");
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_NE(allow.find(method), std::string::npos) << method << " in: " << allow;
  }
  EXPECT_EQ(allow.find("DELETE"), std::string::npos) << allow;
}

TEST_F(Serving, OptionsNamesTheMethodsOfAPath) {
  client_.send("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply reply = client_.receive_without_body();
  EXPECT_EQ(reply.status, 204) << reply;
  const std::string allow = reply.header("Allow").value_or("");
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_NE(allow.find(method), std::string::npos) << method << " in: " << allow;
  }
}

TEST_F(Serving, HeadHasTheLengthButNotTheBody) {
  client_.send("HEAD /plaintext HTTP/1.1\r\nHost: test\r\n\r\n" + get_request("/json"));
  const Reply head = client_.receive_without_body();
  EXPECT_EQ(head.status, 200) << head;
  EXPECT_EQ(head.header("Content-Length"), "13");
  const Reply next = client_.receive();
  EXPECT_EQ(next.body, R"({"message":"Hello, World!"})") << "what follows is the next answer";
}

TEST_F(Serving, PipelinedAnswersLeaveInTheOrderOfTheRequests) {
  client_.send(get_request("/sleep?ms=200") + get_request("/plaintext") + get_request("/json") +
               get_request("/nothing-here") + get_request("/sleep?ms=10") +
               get_request("/plaintext"));
  EXPECT_EQ(client_.receive().body, "slept 200 ms\n");
  EXPECT_EQ(client_.receive().body, "Hello, World!");
  EXPECT_EQ(client_.receive().body, R"({"message":"Hello, World!"})");
  EXPECT_EQ(client_.receive().status, 404);
  EXPECT_EQ(client_.receive().body, "slept 10 ms\n");
  EXPECT_EQ(client_.receive().body, "Hello, World!");
}

TEST_F(Serving, AThousandPipelinedRequestsGetAThousandAnswers) {
  std::string requests;
  for (int i = 0; i < 1000; ++i) {
    requests += get_request("/plaintext");
  }
  client_.send(requests);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(client_.receive().body, "Hello, World!") << "answer " << i;
  }
}

TEST_F(Serving, ConnectionCloseEndsTheConnectionAfterTheAnswer) {
  client_.send("GET /plaintext HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string all = client_.receive_to_the_end();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 200 ")) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\nHello, World!")) << all;
  EXPECT_EQ(client_.problem(), "");
}

TEST_F(Serving, Http10ConnectionsEndAfterTheAnswerUnlessAskedOtherwise) {
  client_.send("GET /plaintext HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client_.receive_to_the_end().ends_with("Hello, World!"));
  Client kept(server_.url());
  kept.send("GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Reply reply = kept.receive();
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_EQ(reply.header("Connection"), "keep-alive");
  EXPECT_EQ(kept.get("/plaintext").status, 200);
}

TEST_F(Serving, WhatIsNoRequestIsAnsweredWith400) {
  client_.send("GET / HTTP/1.1\r\nthis is no header\r\n\r\n");
  const Reply reply = client_.receive();
  EXPECT_EQ(reply.status, 400) << reply;
  EXPECT_TRUE(reply.says_close()) << reply;
}

TEST_F(Serving, ABodyOfUnknownPurposeIsReadAndTheNextRequestUnderstood) {
  client_.send(
      "GET /plaintext HTTP/1.1\r\nHost: test\r\nContent-Length: 24\r\n\r\nGET /json HTTP/1.1\r\n" +
      std::string("\r\n\r\n") + get_request("/nothing-here"));
  EXPECT_EQ(client_.receive().status, 200);
  EXPECT_EQ(client_.receive().status, 404);
}

TEST(ServingOnSeveralAddresses, AnswersOnAllOfThem) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  const ServerProcess server({"--bind", "127.0.0.1:0", "--bind", "unix:" + path, "--bind",
                              "127.0.0.1:0", "--workers", "2"});
  ASSERT_EQ(server.urls().size(), 3U);
  EXPECT_EQ(server.urls()[1], "unix:" + path);
  EXPECT_NE(server.urls()[0], server.urls()[2]);
  for (const std::string& url : server.urls()) {
    EXPECT_EQ(get(url, "/plaintext").body, "Hello, World!") << url;
  }
}

TEST(ServingWithoutAdmin, AnswersAndSaysNothingOfStatistics) {
  ServerProcess server({"--admin", "off", "--workers", "2"});
  EXPECT_EQ(server.admin_url(), "");
  EXPECT_EQ(get(server.url(), "/").body.find("/stats"), std::string::npos);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(ServingLimits, TooManyConnectionsAreTold503AndWhenToComeAgain) {
  const ServerProcess server({"--workers", "1", "--limit-connections", "3"});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  Client refused(server.url());
  const Reply reply = refused.get("/plaintext");
  EXPECT_EQ(reply.status, 503) << reply;
  EXPECT_EQ(reply.header("Retry-After"), "1");
  clients.pop_back();
  EXPECT_TRUE(wait_until([&] { return get(server.url(), "/plaintext").status == 200; }));
}

TEST(ServingLimits, AFullQueueOfThePoolIsAnsweredWith503AtOnce) {
  const ServerProcess server({"--workers", "1", "--threads", "1", "--limit-queue", "1"});
  Client running(server.url());
  Client queued(server.url());
  running.send(get_request("/sleep?ms=1000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  queued.send(get_request("/sleep?ms=1"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["queued"] == 1; }));
  const Reply reply = get(server.url(), "/sleep?ms=1");
  EXPECT_EQ(reply.status, 503) << reply;
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_EQ(running.receive().status, 200);
  EXPECT_EQ(queued.receive().status, 200);
  EXPECT_EQ(server.statistics()["totals"]["pool"]["rejected"], 1);
}

}  // namespace
}  // namespace prefork::test
