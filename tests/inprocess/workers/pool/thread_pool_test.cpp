#include "workers/pool/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/inprocess/workers/pool/thread_pool_harness.h"

namespace prefork::pool {
namespace {

using namespace std::chrono_literals;

TEST_F(ThreadPoolTest, RunsAJobAndGivesItBack) {
  start(2, 10);
  EXPECT_EQ(gauge(ipc::Gauge::pool_threads), 2U);
  ASSERT_TRUE(submit(
      keep([](const http::Request&, http::Response& response) { response.set_status(299); }), 7));
  wait_for_done(1);
  EXPECT_EQ(done_[0]->response.status(), 299);
  EXPECT_EQ(done_[0]->request.id, 7U);
  EXPECT_FALSE(done_[0]->failed);
  EXPECT_GE(done_[0]->finished_ns, done_[0]->started_ns);
}

TEST_F(ThreadPoolTest, OneThreadRunsJobsInTheOrderTheyCame) {
  start(1, 1000);
  std::vector<std::uint64_t> order;
  const exchange::Handler* note = keep(
      [&order](const http::Request& request, http::Response&) { order.push_back(request.id); });
  std::vector<std::uint64_t> expected;
  for (std::uint64_t id = 0; id < 200; ++id) {
    ASSERT_TRUE(submit(note, id));
    expected.push_back(id);
  }
  wait_for_done(200);
  EXPECT_EQ(order, expected);
}

TEST_F(ThreadPoolTest, AThreadThatIsLentToAStreamIsReplaced) {
  start(1, 10);
  constexpr int kStreams = 5;
  std::array<Gate, kStreams> running;
  Gate go_on;
  for (Gate& one : running) {
    ASSERT_TRUE(submit(keep([&one, &go_on](const http::Request&, http::Response& response) {
      response.start_stream();
      one.open();
      go_on.wait();
    })));
    one.wait();
  }
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) {})));
  wait_for_done(1);
  EXPECT_EQ(gauge(ipc::Gauge::pool_threads), 1U);
  EXPECT_EQ(pool_->stall().waiting, 0U);
  go_on.open();
  wait_for_done(1 + kStreams);
  // Without streams there are threads too many, which sleep: one at a time again.
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  const exchange::Handler* count = keep([&](const http::Request&, http::Response&) {
    most = std::max(most.load(), ++at_once);
    std::this_thread::yield();
    --at_once;
  });
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(submit(count));
  }
  wait_for_done(11 + kStreams);
  EXPECT_EQ(most, 1);
}

TEST_F(ThreadPoolTest, AThreadWhoseHandlerTakesTooLongIsReplaced) {
  constexpr std::uint64_t kLimitNs = 1'000'000'000'000;
  start(1, 10);
  Gate running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(running, go_on)));
  running.wait();
  const std::uint64_t now_ns = ipc::monotonic_ns();
  EXPECT_EQ(pool_->look_at_running(now_ns, kLimitNs).handlers, 1U);
  EXPECT_EQ(pool_->look_at_running(now_ns, kLimitNs).overdue, 0U);
  const ThreadPool::Running late = pool_->look_at_running(now_ns + kLimitNs, kLimitNs);
  EXPECT_EQ(late.overdue, 1U);
  EXPECT_EQ(late.stuck, 1U);
  const ThreadPool::Running again = pool_->look_at_running(now_ns + kLimitNs, kLimitNs);
  EXPECT_EQ(again.overdue, 1U);
  EXPECT_EQ(again.stuck, 0U) << "that is known";
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) {})));
  wait_for_done(1);
  go_on.open();
  wait_for_done(2);
  wait_until([&] { return pool_->look_at_running(now_ns, kLimitNs).handlers == 0; });
  EXPECT_EQ(gauge(ipc::Gauge::pool_busy), 0U) << "it came back, and nothing is counted twice";
}

TEST_F(ThreadPoolTest, WhatJobsWaitForIsNoReasonToReplaceAThread) {
  constexpr std::uint64_t kLimitNs = 1'000'000'000'000;
  start(1, 10);
  Gate running;
  Gate go_on;
  ASSERT_TRUE(submit(keep([&](const http::Request&, http::Response& response) {
    response.start_stream();
    running.open();
    go_on.wait();
  })));
  running.wait();
  const ThreadPool::Running late = pool_->look_at_running(ipc::monotonic_ns() + kLimitNs, kLimitNs);
  EXPECT_EQ(late.overdue, 1U);
  EXPECT_EQ(late.stuck, 0U) << "its thread is its client's";
  go_on.open();
  wait_for_done(1);
}

TEST_F(ThreadPoolTest, ItsStallIsKnown) {
  start(1, 10);
  Gate running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(running, go_on)));
  running.wait();
  EXPECT_EQ(pool_->stall().waiting, 0U) << "nobody waits";
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) {})));
  EXPECT_EQ(pool_->stall().waiting, 1U);
  EXPECT_GT(pool_->stall().since_ns, 0U);
  go_on.open();
  wait_for_done(2);
  EXPECT_EQ(pool_->stall().waiting, 0U);
}

TEST_F(ThreadPoolTest, AllThreadsWorkAtOnce) {
  constexpr std::uint32_t kThreads = 4;
  start(kThreads, 0);
  std::array<Gate, kThreads> running;
  Gate go_on;
  for (Gate& gate : running) {
    ASSERT_TRUE(submit(blocking(gate, go_on)));
  }
  for (Gate& gate : running) {
    gate.wait();
  }
  EXPECT_EQ(gauge(ipc::Gauge::pool_busy), kThreads);
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 0U);
  go_on.open();
  wait_for_done(kThreads);
}

TEST_F(ThreadPoolTest, TellsInItsBoxesWhatRuns) {
  start(2, 10);
  Gate running;
  Gate go_on;
  const auto boxes_in_use = [this] {
    std::vector<ipc::InFlightRequest> in_use;
    for (const ipc::InFlightBox& box : record_->pool_requests) {
      if (auto request = box.get()) {
        in_use.push_back(*request);
      }
    }
    return in_use;
  };
  ASSERT_TRUE(submit(blocking(running, go_on), 77));
  running.wait();
  const auto in_use = boxes_in_use();
  ASSERT_EQ(in_use.size(), 1U);
  EXPECT_EQ(in_use[0].request_id, 77U);
  EXPECT_EQ(in_use[0].method, "GET");
  EXPECT_EQ(in_use[0].path, "/job");
  EXPECT_GT(in_use[0].started_ns, 0U);
  go_on.open();
  wait_for_done(1);
  EXPECT_TRUE(boxes_in_use().empty()) << "cleared before the job is given back";
}

TEST_F(ThreadPoolTest, NamesItsThreads) {
  start(3, 10);
  std::array<Gate, 3> running;
  Gate go_on;
  std::mutex mutex;
  std::vector<std::string> names;
  for (Gate& gate : running) {
    ASSERT_TRUE(submit(keep([&](const http::Request&, http::Response&) {
      std::array<char, 16> name{};
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
      {
        const std::lock_guard lock(mutex);
        names.emplace_back(name.data());
      }
      gate.open();
      go_on.wait();
    })));
  }
  for (Gate& gate : running) {
    gate.wait();
  }
  go_on.open();
  wait_for_done(3);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"pool-0", "pool-1", "pool-2"}));
}

TEST_F(ThreadPoolTest, SurvivesHandlersThatThrow) {
  start(1, 10);
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) { throw 1; })));
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) {})));
  wait_for_done(2);
  EXPECT_TRUE(done_[0]->failed);
  EXPECT_FALSE(done_[1]->failed);
}

TEST_F(ThreadPoolTest, EndsTheRunningJobAndDropsTheWaitingOnes) {
  start(1, 10);
  Gate running;
  Gate go_on;
  std::atomic<int> dropped_runs{0};
  const exchange::Handler* dropped =
      keep([&dropped_runs](const http::Request&, http::Response&) { ++dropped_runs; });
  ASSERT_TRUE(submit(blocking(running, go_on), 1));
  running.wait();
  ASSERT_TRUE(submit(dropped));
  ASSERT_TRUE(submit(dropped));
  std::thread destroyer([this] { pool_.reset(); });
  go_on.open();
  destroyer.join();
  // The thread may have been quicker than the destructor, but what it ran it has given back.
  ASSERT_GE(done_.size(), 1U) << "who runs is waited for";
  EXPECT_EQ(done_[0]->request.id, 1U);
  EXPECT_EQ(static_cast<std::size_t>(dropped_runs.load()), done_.size() - 1);
}

TEST_F(ThreadPoolTest, LearnsHowLongTheJobsOfARouteTake) {
  start(1, 10);
  exchange::JobProfile profile("", exchange::Priority::normal);
  EXPECT_EQ(profile.expected_ns(), 0U);
  ASSERT_TRUE(submit(keep([](const http::Request&, http::Response&) {}), 1, &profile));
  wait_for_done(1);
  EXPECT_GT(profile.expected_ns(), 0U);
}

TEST_F(ThreadPoolTest, AnIdlePoolEndsAtOnce) {
  start(8, 10);
  pool_.reset();
  EXPECT_TRUE(done_.empty());
}

TEST_F(ThreadPoolTest, OneStartIsEnoughForAThreadForEachJobThatBlocks) {
  start(4, 10);
  std::vector<std::unique_ptr<Gate>> running;
  Gate go_on;
  for (int i = 0; i < 4; ++i) {
    running.push_back(std::make_unique<Gate>());
    ASSERT_TRUE(submit_later(blocking(*running.back(), go_on)));
  }
  pool_->start_submitted();
  for (const auto& gate : running) {
    gate->wait();
  }
  EXPECT_EQ(gauge(ipc::Gauge::pool_busy), 4U);
  go_on.open();
  wait_for_done(4);
}

TEST_F(ThreadPoolTest, NothingIsLostUnderLoad) {
  start(4, 64);
  std::atomic<std::uint64_t> sum{0};
  const exchange::Handler* add =
      keep([&sum](const http::Request& request, http::Response&) { sum += request.id; });
  std::uint64_t expected = 0;
  std::size_t taken = 0;
  for (std::uint64_t id = 1; id <= 5000; ++id) {
    if (submit(add, id)) {
      expected += id;
      ++taken;
    } else {
      std::this_thread::yield();
    }
  }
  wait_for_done(taken);
  EXPECT_EQ(sum.load(), expected);
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 0U);
}

}  // namespace
}  // namespace prefork::pool
