#include "workers/worker/thread_pool.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <exception>
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
    : wanted_(threads), queue_limit_(queue_limit), record_(record), deliver_(std::move(deliver)) {
  PREFORK_CHECK(threads >= 1 && threads <= ipc::kMaxPoolThreads);
  record_.gauges.set(ipc::Gauge::pool_threads, threads);
  threads_.reserve(ipc::kMaxPoolThreads);
  try {
    const std::lock_guard lock(mutex_);
    while (threads_.size() < threads) {
      start_thread();
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
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
    record_.gauges.set(ipc::Gauge::pool_queued, 0);
    threads.swap(threads_);
  }
  has_work_.notify_all();
  for (std::thread& thread : threads) {
    thread.join();
  }
}

// With the lock held. Throws std::system_error.
void ThreadPool::start_thread() {
  const auto index = static_cast<std::uint32_t>(threads_.size());
  threads_.emplace_back([this, index] { run(index); });
}

// With the lock held: how many jobs may run at present. One that is lent does no other job, so
// there may be another.
std::uint64_t ThreadPool::capacity() const {
  return std::min<std::uint64_t>(wanted_ + lent_, ipc::kMaxPoolThreads);
}

void ThreadPool::lend_thread() {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    ++lent_;
    record_.gauges.set(ipc::Gauge::pool_busy, busy_ - lent_);
    wake = see_to_queue();
  }
  if (wake) {
    has_work_.notify_one();
  }
}

ThreadPool::Stall ThreadPool::stall() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() ? Stall{}
                        : Stall{queue_.size(), std::max(taken_ns_, queue_.front()->queued_ns)};
}

bool ThreadPool::submit(std::unique_ptr<exchange::Job>& job) {
  {
    const std::lock_guard lock(mutex_);
    // Threads that are free take their job in a moment: what counts is who would have to wait.
    const auto free_threads = static_cast<std::size_t>(capacity() - busy_);
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
    wake = see_to_queue();
  }
  if (wake) {
    has_work_.notify_one();
  }
}

// With the lock held: has somebody take the next job if there is one and it may run; true when a
// thread is to be woken for it. Threads are woken one at a time: each that comes takes a job and
// has the next one woken if there is more. Short jobs then need few threads, and long ones get as
// many as there are; waking one for each job would cost more than a short job does.
bool ThreadPool::see_to_queue() {
  if (queue_.empty() || busy_ >= capacity()) {
    return false;
  }
  if (asleep_ != 0) {
    return !std::exchange(waking_, true);
  }
  if (threads_.size() < capacity()) {
    try {
      start_thread();
    } catch (const std::exception&) {
      // There are no more to be had: those that are there go on.
    }
  }
  return false;
}

void ThreadPool::run(std::uint32_t index) {
  ::pthread_setname_np(::pthread_self(), ("pool-" + std::to_string(index)).c_str());
  // What a handler waits for with a time-out ends when it says: by default the kernel may be 50 us
  // late, which is a half per cent of 10 ms, to wake up less often.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && (queue_.empty() || busy_ >= capacity())) {
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
    taken_ns_ = ipc::monotonic_ns();
    // The gauges are written by several threads, but only under the mutex.
    record_.gauges.set(ipc::Gauge::pool_queued, queue_.size());
    record_.gauges.set(ipc::Gauge::pool_busy, ++busy_ - lent_);
    const std::uint64_t now_ns = taken_ns_;
    const bool wake = see_to_queue();
    lock.unlock();
    if (wake) {
      has_work_.notify_one();
    }

    ipc::InFlightBox& box = record_.pool_requests[index];
    box.set(now_ns, job->request.id, job->request.peer, job->request.method_text,
            job->request.path);
    job->run();
    box.clear();
    const bool was_lent = job->has_lent_thread();
    deliver_(std::move(job));

    lock.lock();
    lent_ -= was_lent ? 1U : 0U;
    record_.gauges.set(ipc::Gauge::pool_busy, --busy_ - lent_);
  }
}

}  // namespace prefork::worker
