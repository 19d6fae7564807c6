// Handlers that wait on the event loop: coroutines, what ends them, timers and work after answers.
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <algorithm>

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kApp = test_app("waits");

Reply post_to(const ServerProcess& server, std::string_view path, std::string_view body) {
  Client client(server.url());
  client.send("POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  return client.receive();
}

// Asks again until it says so.
testing::AssertionResult becomes(const ServerProcess& server, std::string_view path,
                                 const std::string& wanted) {
  std::string last;
  const bool is_so = wait_until([&] { return (last = get(server.url(), path).body) == wanted; });
  return is_so ? testing::AssertionSuccess() : testing::AssertionFailure() << "it is: " << last;
}

bool wait_for_number(const ServerProcess& server, const std::string& name, int least) {
  return server.wait_for_statistics([&](const Json& report) {
    return report["totals"]["application"][name].get<int>() >= least;
  });
}

// The content of a chunked answer (RFC 9112 section 7.1).
std::string without_chunks(std::string_view data) {
  std::string content;
  std::size_t size = 0;
  do {
    const std::size_t line_end = data.find("\r\n");
    if (line_end == std::string_view::npos) {
      break;
    }
    size = std::stoul(std::string(data.substr(0, line_end)), nullptr, 16);
    content.append(data.substr(line_end + 2, size));
    data.remove_prefix(std::min(line_end + 2 + size + 2, data.size()));
  } while (size != 0);
  return content;
}

class Waits : public testing::Test {
 protected:
  // `problem`: of the connection, at its end.
  std::string stream_of(std::string_view path, std::string& problem) const {
    Client client(server_.url());
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.receive_without_body();
    const std::string content = client.receive_to_the_end();
    problem = client.problem();
    return without_chunks(content);
  }

  ServerProcess server_{{kApp, "--workers", "1", "--task-workers", "1"}};
};

TEST_F(Waits, ACoroutineThatDoesNotWaitAnswersAsAHandlerOnTheLoopDoes) {
  Client client(server_.url());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.get("/at-once");
    EXPECT_EQ(reply.body, "at once /at-once\n");
    EXPECT_EQ(reply.header("X-After"), "yes");
  }
  EXPECT_EQ(get(server_.url(), "/sum").body, "100000");
}

TEST_F(Waits, RequestsThatCameTogetherAreAnsweredInTheirOrder) {
  Client client(server_.url());
  client.send(get_request("/sleep/1") + get_request("/at-once") + get_request("/sleep/2"));
  EXPECT_EQ(client.receive().body, "1\n");
  EXPECT_EQ(client.receive().body, "at once /at-once\n");
  EXPECT_EQ(client.receive().body, "2\n");
}

TEST_F(Waits, WhatStandsAroundHandlersStandsAroundCoroutines) {
  Client client(server_.url());
  client.send("GET /sleep/x HTTP/1.1\r\nHost: a\r\nX-Block: 1\r\n\r\n");
  EXPECT_EQ(client.receive().status, 403);
  EXPECT_EQ(get(server_.url(), "/sleep/x").header("X-After"), "no");
  EXPECT_EQ(get(server_.url(), "/throws").status, 500);
  EXPECT_TRUE(server_.has_logged({"/throws", "before anything"}));
  EXPECT_EQ(get(server_.url(), "/throws-later").status, 500);
  EXPECT_TRUE(server_.has_logged({"/throws-later", "a coroutine threw"}));
  EXPECT_EQ(get(server_.url(), "/pool-throws").status, 418);
}

TEST_F(Waits, TheyAwaitThePoolDescriptorsAndTaskProcesses) {
  EXPECT_EQ(get(server_.url(), "/pool").body, "pooled 1");
  EXPECT_EQ(get(server_.url(), "/pipe").body, "0111xGET");
  EXPECT_EQ(get(server_.url(), "/task?word=hey").body, "hey!");
}

TEST_F(Waits, ThePiecesOfABodyAreReadWithoutAThread) {
  EXPECT_EQ(post_to(server_, "/upload", std::string(3'000'000, 'u')).body, "3000000");
  EXPECT_EQ(post_to(server_, "/upload", "").body, "0");
  Client client(server_.url());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_TRUE(becomes(server_, "/alive", "1 0"));
  client.send("2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "5");
  EXPECT_EQ(post_to(server_, "/blocking-read", "x").status, 500);
  EXPECT_TRUE(server_.has_logged({"read() would wait on the event loop"}));
}

TEST_F(Waits, AnUploadThatIsAskedForIsContinued) {
  Client client(server_.url());
  client.send(
      "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_without_body().status, 100);
  client.send("ab");
  EXPECT_EQ(client.receive().body, "2");
}

TEST_F(Waits, ACoroutineEndsWhereItWaitsWhenItsClientLeaves) {
  Client first(server_.url());
  first.send(get_request("/wait/semaphore"));  // has the only unit, and waits for another
  for (const char* const path :
       {"/wait/sleep", "/wait/nested", "/wait/descriptor", "/wait/semaphore", "/wait/queue",
        "/wait/task", "/wait/stream", "/wait/room"}) {
    Client client(server_.url());
    client.send(get_request(path));
    const std::string alive = std::string_view(path) == "/wait/nested" ? "3 0" : "2 0";
    EXPECT_TRUE(becomes(server_, "/alive", alive)) << path;
    client.close();
    EXPECT_TRUE(becomes(server_, "/alive", "1 0")) << path;
  }
  first.abort();
  EXPECT_TRUE(becomes(server_, "/alive", "0 0"));
}

TEST_F(Waits, ACoroutineStaysUntilItsFunctionOnThePoolHasReturned) {
  Client client(server_.url());
  client.send(get_request("/wait/pool"));
  EXPECT_TRUE(becomes(server_, "/alive", "1 1"));
  client.close();
  EXPECT_TRUE(becomes(server_, "/alive", "0 0"));
  EXPECT_EQ(get(server_.url(), "/wait/pool").body, "done");
}

TEST_F(Waits, AClientThatHasFinishedSendingGetsAnAnswerThatComesSoon) {
  Client client(server_.url());
  client.send(get_request("/sleep/soon"));
  ::shutdown(client.fd(), SHUT_WR);
  EXPECT_EQ(client.receive().body, "soon\n");
}

TEST(WaitsForThePool, AreRefusedWhenItIsFull) {
  ServerProcess server(
      {kApp, "--workers", "1", "--threads", "1", "--limit-queue", "1", "--log-level", "error"});
  Client busy(server.url());
  busy.send(get_request("/wait/pool"));
  EXPECT_TRUE(becomes(server, "/alive", "1 1"));
  // There is room for one of them at most: a function that is repeated may have it.
  Client first(server.url());
  Client second(server.url());
  for (Client* const waiting : {&first, &second}) {
    waiting->send(get_request("/wait/pool"));
  }
  EXPECT_TRUE(server.has_logged({"/wait/pool", "no thread of the pool was free"}));
  EXPECT_EQ(get(server.url(), "/open-gate").status, 200);
  EXPECT_EQ(busy.receive().body, "done");
  const int first_status = first.receive().status;
  EXPECT_TRUE(first_status == 500 || second.receive().status == 500) << first_status;
}

TEST(WaitsThatLast, EndWithTheirTime) {
  ServerProcess server({kApp, "--workers", "1", "--timeout-deferred", "1"});
  EXPECT_EQ(get(server.url(), "/wait/nested").status, 504);
  EXPECT_TRUE(becomes(server, "/alive", "0 0"));
}

TEST_F(Waits, StreamsOfCoroutinesAreWrittenAsTheClientTakesThem) {
  std::string problem;
  EXPECT_EQ(stream_of("/stream-of-a-coroutine", problem), "012");
  EXPECT_EQ(stream_of("/much", problem).size(), 10'000'000U);
  EXPECT_EQ(problem, "");
  stream_of("/cut", problem);
  EXPECT_NE(problem, "");
  EXPECT_TRUE(server_.has_logged({"/cut", "in the middle"}));
}

TEST_F(Waits, HandlersAreToldThatTheirClientsHaveLeft) {
  for (const char* const path : {"/stop-token", "/on-gone"}) {
    Client client(server_.url());
    client.send(get_request(path));
    EXPECT_TRUE(server_.wait_for_statistics([](const Json& report) {
      return report["totals"]["pool"]["in_progress"].get<int>() == 1;
    })) << path;
    client.close();
    EXPECT_TRUE(wait_for_number(server_, "stopped", std::string_view(path) == "/on-gone" ? 2 : 1))
        << path;
  }
  get(server_.url(), "/answered");
  EXPECT_TRUE(wait_for_number(server_, "stopped", 3));
  EXPECT_EQ(server_.statistics()["totals"]["application"]["stopped"], 3)
      << "an answer is no client that has left";
}

TEST(RepeatedJobs, RunInEachWorkerAndInTheLeader) {
  ServerProcess server({kApp, "--workers", "2"});
  for (const char* const name : {"each", "led", "pooled", "waited"}) {
    EXPECT_TRUE(wait_for_number(server, name, 5)) << name;
  }
  const Json report = server.statistics();
  EXPECT_LT(report["totals"]["application"]["pooled"].get<int>(), 1'000'000);
  EXPECT_TRUE(server.has_logged({"the leader's job threw on purpose"}));
}

TEST_F(Waits, WorkAfterTheAnswerIsDoneOnThePool) {
  for (const char* const path : {"/after/pool", "/after/loop", "/after/coroutine"}) {
    EXPECT_EQ(get(server_.url(), path).body, "first this\n") << path;
  }
  EXPECT_TRUE(wait_for_number(server_, "after_responses", 3));
  EXPECT_EQ(get(server_.url(), "/post").body, "posted");
  EXPECT_TRUE(wait_for_number(server_, "posted", 1));
}

TEST_F(Waits, AWorkerThatStopsEndsWhatWaitsAndHasItsWorkDone) {
  std::vector<std::unique_ptr<Client>> clients;
  for (const char* const path : {"/wait/stream", "/ticks", "/news"}) {
    clients.push_back(std::make_unique<Client>(server_.url()));
    clients.back()->send(get_request(path));
    EXPECT_EQ(clients.back()->receive_without_body().status, 200) << path;
  }
  clients.front()->close();
  get(server_.url(), "/after/pool");
  EXPECT_EQ(server_.stop(), exit_code(0));
  EXPECT_TRUE(server_.has_logged({"left behind: 0"}));
}

}  // namespace
}  // namespace prefork::test
