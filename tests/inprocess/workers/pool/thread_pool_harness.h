// A thread pool that gives its jobs back to the test, and what the tests of it wait by.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "ipc/base/monotonic.h"
#include "tests/inprocess/default_class.h"
#include "tests/inprocess/gate.h"
#include "workers/pool/thread_pool.h"

namespace prefork::pool {

using prefork::test::Gate;

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

}  // namespace prefork::pool
