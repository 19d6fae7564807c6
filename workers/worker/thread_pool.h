// A worker's threads for handlers that may block: a bounded first-in first-out queue, and a fixed
// number of threads that take jobs, run them and give them back. The pool never touches a
// connection; what is done goes to `deliver`, which may be called by any of its threads.
//
// Made and ended by the event loop's thread, after the fork.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ipc/segment.h"
#include "server/exchange/job.h"

namespace prefork::worker {

class ThreadPool : public exchange::Executor {
 public:
  using Deliver = std::function<void(std::unique_ptr<exchange::Job>)>;

  // 1 to kMaxPoolThreads threads; at most `queue_limit` jobs wait. Throws std::system_error when a
  // thread cannot be started.
  ThreadPool(std::uint32_t threads, std::size_t queue_limit, ipc::WorkerRecord& record,
             Deliver deliver);
  // Drops what waits and joins the threads, that is, waits for the handlers that run.
  ~ThreadPool() override;

  bool submit(std::unique_ptr<exchange::Job>& job) override;
  void start_submitted() override;

 private:
  void run(std::uint32_t index);
  void stop();
  bool should_wake();

  const std::size_t queue_limit_;
  ipc::WorkerRecord& record_;
  const Deliver deliver_;

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::unique_ptr<exchange::Job>> queue_;  // guarded by mutex_
  std::uint64_t busy_ = 0;                            // guarded by mutex_
  std::uint64_t asleep_ = 0;                          // guarded by mutex_
  bool waking_ = false;    // guarded by mutex_: one of them is on its way
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace prefork::worker
