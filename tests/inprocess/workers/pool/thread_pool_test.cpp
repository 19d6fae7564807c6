#include "workers/pool/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipc/base/monotonic.h"
#include "tests/inprocess/default_class.h"
#include "tests/inprocess/gate.h"

namespace prefork::pool {
namespace {

using prefork::test::Gate;

using namespace std::chrono_literals;

// Time has to pass, and nobody tells of it.
template <typename Condition>
void wait_until(Condition condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

// Nobody hears of what is written.
class DeafSink : public exchange::CompletionSink {
 public:
  void deliver_start(const exchange::Job&, std::unique_ptr<http::Response>) override {}
  void deliver(std::unique_ptr<exchange::Job>) override {}
  void wake(exchange::ExchangeToken) override {}
};

class ThreadPoolTest : public testing::Test {
 protected:
  ThreadPoolTest() : record_(std::make_unique<ipc::WorkerRecord>()) {}

  // Without a limit to waiting.
  void start(std::uint32_t threads, std::uint32_t queue_limit) {
    start(test::default_class(threads, queue_limit));
  }
  void start(const config::PoolSpec& spec, config::PoolOrder order = config::PoolOrder::fcfs) {
    pool_ = std::make_unique<ThreadPool>(spec, order, account_, record_->pools[0],
                                         [this](std::unique_ptr<exchange::Job> job) {
                                           {
                                             const std::lock_guard lock(mutex_);
                                             done_.push_back(std::move(job));
                                           }
                                           changed_.notify_all();
                                         });
  }

  // Handlers outlive their jobs.
  const exchange::Handler* keep(exchange::Handler handler) {
    handlers_.push_back(std::make_unique<exchange::Handler>(std::move(handler)));
    return handlers_.back().get();
  }

  bool submit(const exchange::Handler* handler, std::uint64_t id = 0,
              exchange::JobProfile* profile = nullptr) {
    const bool taken = submit_later(handler, id, profile);
    pool_->start_submitted();
    return taken;
  }
  bool submit_later(const exchange::Handler* handler, std::uint64_t id = 0,
                    exchange::JobProfile* profile = nullptr) {
    auto job = std::make_unique<exchange::Job>();
    job->handler = handler;
    job->profile = profile;
    job->executor = pool_.get();
    job->sink = &sink_;
    job->queued_ns = ipc::monotonic_ns();
    job->request.id = id;
    job->request.method_text = "GET";
    job->request.path = "/job";
    const bool taken = pool_->submit(job);
    EXPECT_EQ(job == nullptr, taken) << "a job is either taken or left";
    return taken;
  }

  void wait_for_done(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return done_.size() >= count; });
  }

  std::size_t done_count() {
    const std::lock_guard lock(mutex_);
    return done_.size();
  }
  std::vector<std::uint64_t> ids_done() {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> ids;
    for (const auto& job : done_) {
      ids.push_back(job->request.id);
    }
    return ids;
  }

  // A job that says when it runs and then waits for the gate.
  const exchange::Handler* blocking(Gate& running, Gate& go_on) {
    return keep([&running, &go_on](const http::Request&, http::Response&) {
      running.open();
      go_on.wait();
    });
  }

  [[nodiscard]] std::uint64_t gauge(ipc::Gauge gauge) const { return record_->gauges.get(gauge); }

  std::unique_ptr<ipc::WorkerRecord> record_;
  PoolAccount account_{*record_};
  DeafSink sink_;
  std::vector<std::unique_ptr<exchange::Handler>> handlers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<exchange::Job>> done_;
  std::unique_ptr<ThreadPool> pool_;
};

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

TEST_F(ThreadPoolTest, RefusesWhatWouldWaitBeyondTheLimit) {
  start(1, 2);
  Gate running;
  Gate go_on;
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  ASSERT_TRUE(submit(blocking(running, go_on)));
  running.wait();
  EXPECT_TRUE(submit(nothing));
  EXPECT_TRUE(submit(nothing));
  EXPECT_FALSE(submit(nothing));
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 2U);
  go_on.open();
  wait_for_done(3);
}

TEST_F(ThreadPoolTest, WithoutAQueueAFreeThreadStillTakesAJob) {
  start(2, 0);
  Gate first_running;
  Gate second_running;
  Gate go_on;
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  // At once, before any thread can have woken up: what counts is who would have to wait.
  EXPECT_TRUE(submit(blocking(first_running, go_on)));
  EXPECT_TRUE(submit(blocking(second_running, go_on)));
  EXPECT_FALSE(submit(nothing));
  first_running.wait();
  second_running.wait();
  EXPECT_FALSE(submit(nothing));
  go_on.open();
  wait_for_done(2);
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

TEST_F(ThreadPoolTest, WhoHasWaitedForTooLongIsShedThoughEveryThreadIsBusy) {
  start({.name = "default", .threads = 1, .queue = 10, .wait = 10ms});
  Gate running;
  Gate go_on;
  bool has_run = false;
  ASSERT_TRUE(submit(blocking(running, go_on), 1));
  running.wait();
  ASSERT_TRUE(
      submit(keep([&has_run](const http::Request&, http::Response&) { has_run = true; }), 2));
  wait_until([this] {
    pool_->shed_overdue();
    return done_count() == 1;
  });
  EXPECT_TRUE(done_[0]->was_shed());
  EXPECT_EQ(done_[0]->request.id, 2U);
  EXPECT_EQ(record_->pools[0].get(ipc::PoolRecord::Number::shed), 1U);
  go_on.open();
  wait_for_done(2);
  EXPECT_FALSE(done_[1]->was_shed());
  EXPECT_FALSE(has_run);
}

TEST_F(ThreadPoolTest, InACongestionTheNewestIsServedAndTheOldestMakesRoom) {
  start({.name = "default", .threads = 1, .queue = 3, .wait = 10s});
  Gate running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(running, go_on), 1));
  running.wait();
  const exchange::Handler* nothing = keep([](const http::Request&, http::Response&) {});
  for (const std::uint64_t id : std::array<std::uint64_t, 3>{2, 3, 4}) {
    ASSERT_TRUE(submit(nothing, id));
  }
  EXPECT_FALSE(submit(nothing, 5)) << "a burst: who came first is served";
  wait_until([&] {
    pool_->shed_overdue();
    return submit(nothing, 6);
  });
  ASSERT_EQ(done_count(), 1U);
  EXPECT_EQ(done_[0]->request.id, 2U);
  EXPECT_TRUE(done_[0]->was_shed());
  go_on.open();
  wait_for_done(5);
  EXPECT_EQ(ids_done(), (std::vector<std::uint64_t>{2, 1, 6, 4, 3}));
}

TEST_F(ThreadPoolTest, AReservedThreadIsForHighPriorityAlone) {
  start({.name = "default", .threads = 2, .queue = 10, .wait = {}, .reserve = 1});
  exchange::JobProfile high("", exchange::Priority::high);
  Gate normal_running;
  Gate high_running;
  Gate go_on;
  ASSERT_TRUE(submit(blocking(normal_running, go_on), 1));
  normal_running.wait();
  Gate second_running;
  ASSERT_TRUE(submit(blocking(second_running, go_on), 2));
  ASSERT_TRUE(submit(blocking(high_running, go_on), 3, &high));
  high_running.wait();
  EXPECT_EQ(gauge(ipc::Gauge::pool_busy), 2U);
  EXPECT_EQ(gauge(ipc::Gauge::pool_queued), 1U) << "the second normal one waits";
  go_on.open();
  wait_for_done(3);
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
