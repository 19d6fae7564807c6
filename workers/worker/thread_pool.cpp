#include "workers/worker/thread_pool.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/monotonic.h"
#include "workers/child/process_limits.h"

namespace prefork::worker {

ThreadPool::ThreadPool(std::uint32_t threads, std::size_t queue_limit, ipc::WorkerRecord& record,
                       Deliver deliver)
    : queue_limit_(queue_limit), record_(record), deliver_(std::move(deliver)) {
  PREFORK_CHECK(threads >= 1 && threads <= ipc::kMaxPoolThreads);
  record_.gauges.set(ipc::Gauge::pool_threads, threads);
  threads_.reserve(threads);
  try {
    for (std::uint32_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { run(i); });
    }
  } catch (const std::system_error& error) {
    const std::size_t made = threads_.size();
    stop();
    throw std::runtime_error("thread " + std::to_string(made + 1) + " of " +
                             std::to_string(threads) + " of the pool could not be made: " +
                             error.code().message() + " " + child::describe_process_limits());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
    record_.gauges.set(ipc::Gauge::pool_queued, 0);
  }
  has_work_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

bool ThreadPool::submit(std::unique_ptr<exchange::Job>& job) {
  {
    const std::lock_guard lock(mutex_);
    // Threads that are free take their job in a moment: what counts is who would have to wait.
    const std::size_t free_threads = threads_.size() - static_cast<std::size_t>(busy_);
    if (queue_.size() >= queue_limit_ + free_threads) {
      return false;
    }
    queue_.push_back(std::move(job));
    record_.gauges.set(ipc::Gauge::pool_queued, queue_.size());
  }
  return true;
}

void ThreadPool::start_submitted() {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = should_wake();
  }
  if (wake) {
    has_work_.notify_one();
  }
}

// With the lock held. Threads are woken one at a time: each that comes takes a job and has the next
// one woken if there is more. Short jobs then need few threads, and long ones get as many as there
// are; waking one for each job would cost more than a short job does.
bool ThreadPool::should_wake() {
  if (queue_.empty() || asleep_ == 0 || waking_) {
    return false;
  }
  waking_ = true;
  return true;
}

void ThreadPool::run(std::uint32_t index) {
  ::pthread_setname_np(::pthread_self(), ("pool-" + std::to_string(index)).c_str());
  // What a handler waits for with a time-out ends when it says: by default the kernel may be 50 us
  // late, which is a half per cent of 10 ms, to wake up less often.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  ipc::InFlightBox& box = record_.pool_requests[index];
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && queue_.empty()) {
      ++asleep_;
      has_work_.wait(lock);
      --asleep_;
      waking_ = false;
    }
    if (stopping_) {
      return;
    }
    std::unique_ptr<exchange::Job> job = std::move(queue_.front());
    queue_.pop_front();
    // The gauges are written by several threads, but only under the mutex.
    record_.gauges.set(ipc::Gauge::pool_queued, queue_.size());
    record_.gauges.set(ipc::Gauge::pool_busy, ++busy_);
    const bool wake = should_wake();
    lock.unlock();
    if (wake) {
      has_work_.notify_one();
    }

    box.set(ipc::monotonic_ns(), job->request.id, job->request.peer, job->request.method_text,
            job->request.path);
    job->run();
    box.clear();
    deliver_(std::move(job));

    lock.lock();
    record_.gauges.set(ipc::Gauge::pool_busy, --busy_);
  }
}

}  // namespace prefork::worker
