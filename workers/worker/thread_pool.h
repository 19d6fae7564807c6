// A worker's threads for handlers that may block: a bounded first-in first-out queue, and a fixed
// number of threads that take jobs, run them and give them back. The pool never touches a
// connection; what is done goes to `deliver`, which may be called by any of its threads.
//
// A thread whose handler streams its answer is lent to the client, which may read slowly or listen
// for hours: it does not count any more, and another one takes its place where there is work, up to
// kMaxPoolThreads. Threads that were made stay, and sleep when there are too many of them.
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
  void lend_thread() override;

  // Jobs that wait, and since when none was taken although there was one.
  struct Stall {
    std::size_t waiting = 0;
    std::uint64_t since_ns = 0;
  };
  [[nodiscard]] Stall stall() const;

 private:
  void run(std::uint32_t index);
  void start_thread();
  [[nodiscard]] std::uint64_t capacity() const;
  void stop();
  bool see_to_queue();

  const std::uint32_t wanted_;  // threads that are not lent
  const std::size_t queue_limit_;
  ipc::WorkerRecord& record_;
  const Deliver deliver_;

  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::unique_ptr<exchange::Job>> queue_;  // guarded by mutex_
  std::uint64_t busy_ = 0;                            // guarded by mutex_
  std::uint64_t asleep_ = 0;                          // guarded by mutex_
  std::uint64_t lent_ = 0;                            // guarded by mutex_: of those that are busy
  std::uint64_t taken_ns_ = 0;                        // guarded by mutex_: when a job was
  bool waking_ = false;    // guarded by mutex_: one of them is on its way
  bool stopping_ = false;  // guarded by mutex_
  // By their index, which is that of their box; guarded by mutex_.
  std::vector<std::thread> threads_;
};

}  // namespace prefork::worker
