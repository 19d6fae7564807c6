// Requests whose handlers run elsewhere: the order of the answers, what happens when there is no
// thread for them, and clients that do not wait. Most tests hold the jobs themselves and let them
// finish when they like; the last ones use the worker's own pool.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/inprocess/default_class.h"
#include "tests/inprocess/server/engine/http_harness.h"
#include "workers/pool/pools.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

const std::string kBusy = "Retry-After: 1\r\n";

class ConnectionPool : public HttpTest {
 protected:
  ConnectionPool() { executor_ = &held_; }
  void complete(std::size_t index = 0) {
    held_.complete(server(), index);
    turn();
  }
  HeldJobs held_;
};

TEST_F(ConnectionPool, AnswersWhenTheJobIsDone) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/slow?q", "body")), "");
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 1U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 0U);
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow body"));
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  EXPECT_EQ(count_of(record_->queue_wait), 1U);
  EXPECT_EQ(count_of(record_->run_time), 1U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionPool, ARequestWhoseClientLeftWhileItWaitedIsNotRun) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/slow")), "");
  client.finish_sending();
  turn();
  held_.jobs.at(0)->queued_ns -= 200'000'000;  // it has waited for so long
  complete();
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 1U);
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
  EXPECT_EQ(count_of(record_->run_time), 0U);
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(client.take(), "");
}

TEST_F(ConnectionPool, AHandlerCanAskWhetherItsClientHasLeft) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  exchange(client, get("/slow"));
  EXPECT_FALSE(held_.jobs.at(0)->is_abandoned());
  client.finish_sending();
  turn();
  EXPECT_TRUE(held_.jobs.at(0)->is_abandoned());
  complete();
}

TEST_F(ConnectionPool, TheJobHasItsOwnCopyOfTheRequest) {
  Client client = connect();
  exchange(client, post("/slow", "mine", "X-A: b\r\n"));
  Client other = connect();
  exchange(other, post("/echo", std::string(5000, '#')));
  ASSERT_EQ(held_.jobs.size(), 1U);
  const http::Request& request = held_.jobs[0]->request;
  EXPECT_EQ(request.body, "mine");
  EXPECT_EQ(request.fields.find("x-a"), "b");
  EXPECT_EQ(request.id, 1U);
  EXPECT_EQ(ipc::to_string(request.peer), "unix");
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow mine"));
}

TEST_F(ConnectionPool, APoolRequestInThePipelineKeepsTheOrder) {
  Client client = connect();
  EXPECT_EQ(
      exchange(client, get("/") + post("/slow", "a") + get("/echo") + get("/slow") + get("/")),
      answer(200, "root"));
  EXPECT_EQ(held_.jobs.size(), 1U) << "the next one waits for its turn";
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow a") + answer(200, "/echo "));
  EXPECT_EQ(held_.jobs.size(), 1U);
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow ") + answer(200, "root"));
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionPool, WhatFollowsAJobGoesOutWithItInOneWrite) {
  Client client = connect_by_packets();
  client.send(get("/slow") + get("/") + get("/echo"));
  turn();
  EXPECT_EQ(client.take(), "");
  complete();
  EXPECT_EQ(client.take_one_write(),
            answer(200, "/slow ") + answer(200, "root") + answer(200, "/echo "));
}

TEST_F(ConnectionPool, JobsOfSeveralConnectionsMayFinishInAnyOrder) {
  Client first = connect();
  Client second = connect();
  exchange(first, post("/slow", "1"));
  exchange(second, post("/slow", "2"));
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 2U);
  complete(1);
  EXPECT_EQ(second.take(), answer(200, "/slow 2"));
  EXPECT_EQ(first.take(), "");
  complete();
  EXPECT_EQ(first.take(), answer(200, "/slow 1"));
}

TEST_F(ConnectionPool, JobsThatFinishTogetherAreAllAnswered) {
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(connect());
    exchange(clients.back(), post("/slow", std::to_string(i)));
  }
  while (!held_.jobs.empty()) {
    held_.complete(server());
  }
  turn();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].take(), answer(200, "/slow " + std::to_string(i)));
  }
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionPool, TheLoopServesOthersWhileAJobRuns) {
  Client slow = connect();
  exchange(slow, get("/slow"));
  Client quick = connect();
  EXPECT_EQ(exchange(quick, get("/")), answer(200, "root"));
  complete();
}

TEST_F(ConnectionPool, AFullQueueIs503AndTheConnectionIsKept) {
  held_.limit = 0;
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/slow") + get("/")),
            error_answer(503, "the queue for a thread is full", kBusy) + answer(200, "root"));
  EXPECT_EQ(count(ipc::Counter::overload_rejected), 1U);
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
}

TEST_F(ConnectionPool, OverTheConcurrencyLimitIs503) {
  settings_.limits.concurrency = 2;
  Client first = connect();
  Client second = connect();
  Client third = connect();
  exchange(first, get("/slow"));
  exchange(second, get("/slow"));
  EXPECT_EQ(exchange(third, get("/slow")),
            error_answer(503, "too many requests in progress", kBusy));
  EXPECT_EQ(exchange(third, get("/")), answer(200, "root")) << "the loop's own are not limited";
  EXPECT_EQ(count(ipc::Counter::overload_rejected), 1U);
  complete();
  EXPECT_EQ(exchange(third, get("/slow")), "") << "there is room again";
  EXPECT_EQ(held_.jobs.size(), 2U);
  complete();
  complete();
  EXPECT_EQ(third.take(), answer(200, "/slow "));
}

TEST_F(ConnectionPool, ARequestThatWasRefusedForOverloadHasALatencyToo) {
  held_.limit = 0;
  Client client = connect();
  exchange(client, get("/slow"));
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionPool, AJobThatFailsIsA500AndALineInTheLog) {
  router_.add(http::Method::get, "/throws", exchange::RunOn::pool,
              [](const http::Request&, http::Response&) { throw std::runtime_error("no disk"); });
  Client client = connect();
  exchange(client, get("/throws") + get("/"));
  complete();
  EXPECT_EQ(client.take(), error_answer(500, "") + answer(200, "root"));
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second, "request 1 GET /throws answered with 500: no disk");
  EXPECT_EQ(count(ipc::Counter::handler_errors), 1U);
}

TEST_F(ConnectionPool, AnAnswerOfAJobThatMayNotGoOutBecomesA500) {
  router_.add(
      http::Method::get, "/bad", exchange::RunOn::pool,
      [](const http::Request&, http::Response& response) { response.add_field("X", "a\r\nY: b"); });
  Client client = connect();
  exchange(client, get("/bad"));
  complete();
  EXPECT_EQ(client.take(), error_answer(500, ""));
}

TEST_F(ConnectionPool, AJobMayCloseTheConnection) {
  Client client = connect();
  exchange(client, get("/slow", "Connection: close\r\n"));
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow ", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

TEST_F(ConnectionPool, AHalfClosedClientGetsItsAnswerFromThePool) {
  Client client = connect();
  client.send(get("/slow"));
  client.finish_sending();
  turn();
  complete();
  EXPECT_EQ(client.take(), answer(200, "/slow "));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(count(ipc::Counter::requests_abandoned), 0U);
}

TEST_F(ConnectionPool, AClientThatGoesWhileItsJobRunsHurtsNobody) {
  Client client = connect();
  exchange(client, get("/slow") + get("/slow") + get("/"));
  client.close();
  turn();
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 1U) << "the job runs on";
  Client other = connect();
  EXPECT_EQ(exchange(other, get("/")), answer(200, "root"));
  complete();
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 0U);
  EXPECT_EQ(server().connection_count(), 1U);
  EXPECT_EQ(count(ipc::Counter::peer_resets), 1U);
  EXPECT_TRUE(held_.jobs.empty()) << "nothing is run for a client that is gone";
}

TEST_F(ConnectionPool, DoesNotReadWhileAJobRuns) {
  PREFORK_SKIP_OVER_RECORDS();
  Client client = connect();
  exchange(client, get("/slow"));
  const std::uint64_t before = count(ipc::Counter::bytes_in);
  const std::string flood = repeat(get("/"), 100);
  std::size_t sent = 0;
  while (const std::size_t size = client.send_some(flood)) {
    sent += size;
    turn();
  }
  EXPECT_EQ(count(ipc::Counter::bytes_in), before) << "the flood waits in the kernel";
  client.finish_sending();
  complete();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_EQ(client.take(),
            answer(200, "/slow ") + repeat(answer(200, "root"), sent / get("/").size()));
}

TEST_F(ConnectionPool, WithoutAnExecutorPoolHandlersRunOnTheLoop) {
  executor_ = nullptr;
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/slow")), answer(200, "/slow "));
  expect_a_latency_for_each_request();
}

// --- with the worker's pool ----------------------------------------------------------------------

class ConnectionThreadPool : public HttpTest {
 protected:
  // The server needs its executor before the pool can need the server.
  void use_pool(std::uint32_t threads, std::uint32_t queue_limit) {
    pool_ = std::make_unique<pool::Pools>(std::vector{test::default_class(threads, queue_limit)},
                                          config::PoolOrder::fcfs, *record_,
                                          [this](std::unique_ptr<exchange::Job> job) {
                                            server_->completions().deliver(std::move(job));
                                          });
    executor_ = pool_.get();
    has_threads_ = true;
    server();
  }
  ~ConnectionThreadPool() override {
    come_to_rest();
    pool_.reset();
  }
  std::unique_ptr<pool::Pools> pool_;
};

TEST_F(ConnectionThreadPool, AnswersManyRequestsOfManyConnectionsInTheirOrder) {
  PREFORK_SKIP_OVER_RECORDS();
  use_pool(4, 1000);
  std::vector<Client> clients;
  std::string expected;
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += post(i % 3 == 0 ? "/echo" : "/slow", std::to_string(i));
    expected += answer(200, (i % 3 == 0 ? "/echo " : "/slow ") + std::to_string(i));
  }
  for (int i = 0; i < 10; ++i) {
    clients.push_back(connect());
    clients.back().send(requests);
  }
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::responses_2xx) == 200; }));
  turn();
  for (Client& client : clients) {
    EXPECT_EQ(client.take(), expected);
  }
  expect_a_latency_for_each_request();
  EXPECT_EQ(count_of(record_->run_time), 130U);
  EXPECT_EQ(count_of(record_->queue_wait), 130U);
}

TEST_F(ConnectionThreadPool, PoolHandlersRunOnAnotherThread) {
  std::thread::id handler_thread;
  router_.add(
      http::Method::get, "/where", exchange::RunOn::pool,
      [&](const http::Request&, http::Response&) { handler_thread = std::this_thread::get_id(); });
  use_pool(1, 10);
  Client client = connect();
  client.send(get("/where"));
  ASSERT_TRUE(turn_until([this] { return count(ipc::Counter::responses_2xx) == 1; }));
  EXPECT_NE(handler_thread, std::thread::id());
  EXPECT_NE(handler_thread, std::this_thread::get_id());
}

TEST_F(ConnectionThreadPool, ClientsThatGoWhileTheirJobsRunHurtNobody) {
  use_pool(2, 1000);
  for (int round = 0; round < 50; ++round) {
    Client client = connect();
    client.send(get("/slow") + get("/slow"));
    turn();
  }
  Client client = connect();
  client.send(get("/slow"));
  ASSERT_TRUE(turn_until([&] { return client.received().ends_with("/slow "); }));
}

}  // namespace
}  // namespace prefork::engine
