#include "workers/pool/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "ipc/base/alternate_stack.h"
#include "ipc/base/check.h"
#include "ipc/base/monotonic.h"
#include "workers/child/process_limits.h"

namespace prefork::pool {

namespace {

using exchange::Job;
using exchange::Priority;
using Number = ipc::PoolRecord::Number;

// The kernel keeps 15 bytes of a thread's name.
constexpr std::size_t kMaxNameBytes = 15;

void name_this_thread(const std::string& pool, std::uint32_t number) {
  const std::string behind = "-" + std::to_string(number);
  const std::string front = pool == config::kDefaultPool ? "pool" : pool;
  ::pthread_setname_np(::pthread_self(),
                       (front.substr(0, kMaxNameBytes - behind.size()) + behind).c_str());
}

// Of this thread alone (sched(7), setpriority(2)): it takes the processor when others leave it, and
// keeps it for longer.
void give_way_to_others() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + config::kBatchNice);
}

}  // namespace

ThreadPool::ThreadPool(const config::PoolSpec& spec, config::PoolOrder order, PoolAccount& account,
                       ipc::PoolRecord& numbers, Deliver deliver)
    : spec_(spec),
      account_(account),
      numbers_(numbers),
      deliver_(std::move(deliver)),
      queue_(order) {
  PREFORK_CHECK(spec.threads >= 1 && spec.reserve < spec.threads);
  numbers_.set_name(spec.name);
  numbers_.set(Number::threads, spec.threads);
  std::error_code error;
  {
    const std::lock_guard lock(account_.mutex());
    account_.add_wanted(spec.threads);
    while (!error && workers_.size() < spec.threads) {
      error = start_thread();
    }
  }
  if (error) {
    const std::size_t made = workers_.size();
    stop();
    throw std::runtime_error("thread " + std::to_string(made + 1) + " of " +
                             std::to_string(spec.threads) + " of the pool could not be made: " +
                             error.message() + " " + child::describe_process_limits());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(account_.mutex());
    stopping_ = true;
    const auto waiting = static_cast<std::int64_t>(queue_.size());
    queue_.clear();
    show_queue(-waiting);
  }
  for (Worker& worker : workers_) {
    Sleepers::wake(worker.bed);
  }
  for (Worker& worker : workers_) {
    worker.thread.join();
  }
  workers_.clear();
}

std::error_code ThreadPool::start_thread() {
  const auto number = account_.next_thread();
  if (!number) {
    return std::make_error_code(std::errc::resource_unavailable_try_again);
  }
  Worker& worker = workers_.emplace_back();
  worker.number = *number;
  try {
    worker.thread = std::thread([this, &worker] { run(worker); });
  } catch (const std::system_error& error) {
    workers_.pop_back();
    account_.give_back_thread();
    return error.code();
  }
  return {};
}

// --- jobs come -----------------------------------------------------------------------------------

bool ThreadPool::submit(std::unique_ptr<Job>& job) {
  Shed shed;
  {
    const std::lock_guard lock(account_.mutex());
    // Threads that are free take their job in a moment: what counts is who would have to wait.
    if (queue_.size() >= spec_.queue + free_threads(job->priority())) {
      auto oldest = congestion_.is_present() ? queue_.take_in_favour_of(job->priority()) : nullptr;
      if (!oldest) {
        numbers_.add_one(Number::rejected);
        return false;
      }
      numbers_.add_one(Number::shed);
      shed.jobs[shed.count++] = std::move(oldest);
      show_queue(-1);
    }
    if (queue_.empty() && !shed_since_) {
      taken_ns_ = job->queued_ns;
    }
    job->executor = this;
    queue_.push(std::move(job));
    show_queue(1);
  }
  deliver_shed(shed);
  return true;
}

void ThreadPool::start_submitted() {
  Sleepers::Bed* next = nullptr;
  {
    const std::lock_guard lock(account_.mutex());
    next = see_to_queue();
  }
  if (next != nullptr) {
    Sleepers::wake(*next);
  }
}

void ThreadPool::lend_thread(const Job& job) {
  {
    const std::lock_guard lock(account_.mutex());
    if (Worker* const worker = worker_of(job)) {
      lend(*worker, true);
    }
  }
  start_submitted();
}

void ThreadPool::take_back_thread(const Job& job) {
  const std::lock_guard lock(account_.mutex());
  if (Worker* const worker = worker_of(job)) {
    lend(*worker, false);
    worker->since_ns = ipc::monotonic_ns();
  }
}

ThreadPool::Running ThreadPool::look_at_running(std::uint64_t now_ns, std::uint64_t limit_ns) {
  Running running;
  Sleepers::Bed* next = nullptr;
  {
    const std::lock_guard lock(account_.mutex());
    for (Worker& worker : workers_) {
      if (worker.job == 0) {
        continue;
      }
      ++running.handlers;
      if (now_ns < worker.since_ns + limit_ns) {
        continue;
      }
      ++running.overdue;
      if (!worker.is_lent) {
        ++running.stuck;
        lend(worker, true);
      }
    }
    next = running.stuck != 0 ? see_to_queue() : nullptr;
  }
  if (next != nullptr) {
    Sleepers::wake(*next);
  }
  return running;
}

void ThreadPool::shed_overdue() {
  Shed shed;
  {
    const std::lock_guard lock(account_.mutex());
    if (!queue_.empty()) {
      look_at_waits(ipc::monotonic_ns(), shed);
    }
  }
  deliver_shed(shed);
}

ThreadPool::Stall ThreadPool::stall() const {
  const std::lock_guard lock(account_.mutex());
  if (queue_.empty()) {
    return {};
  }
  Stall stall{queue_.size(), taken_ns_, {}};
  for (const Worker& worker : workers_) {
    stall.threads.push_back(worker.number);
  }
  return stall;
}

// --- with the lock held --------------------------------------------------------------------------

std::size_t ThreadPool::free_threads(Priority priority) const {
  const auto left = [](std::uint32_t of, std::uint32_t taken) { return of - std::min(of, taken); };
  const std::uint32_t free = left(spec_.threads, running_);
  if (priority == Priority::high) {
    return free;
  }
  return std::min(free, left(spec_.threads - spec_.reserve, running_others_));
}

bool ThreadPool::has_job_to_run() const {
  if (queue_.empty()) {
    return false;
  }
  return free_threads(Priority::normal) != 0 ||
         (free_threads(Priority::high) != 0 && queue_.has(Priority::high));
}

std::unique_ptr<Job> ThreadPool::take_job(std::uint64_t now_ns) {
  std::unique_ptr<Job> job = queue_.take(
      {.only_high = free_threads(Priority::normal) == 0, .newest_first = congestion_.is_present()});
  taken_ns_ = now_ns;
  job->started_ns = now_ns;
  job->number = ++taken_;
  shed_since_ = false;
  show_queue(-1);
  count_running(job->priority(), 1);
  return job;
}

// Where waiting has no limit there is none who must be told, and no other order.
void ThreadPool::look_at_waits(std::uint64_t now_ns, Shed& shed) {
  const std::uint64_t limit_ns = ipc::to_ns(spec_.wait);
  if (limit_ns == 0) {
    return;
  }
  const std::uint64_t oldest_ns = queue_.oldest_ns();
  congestion_.update(now_ns, now_ns > oldest_ns ? now_ns - oldest_ns : 0);
  while (shed.count < kMaxShedAtOnce && now_ns > limit_ns) {
    std::unique_ptr<Job> job = queue_.take_older_than(now_ns - limit_ns);
    if (!job) {
      return;
    }
    shed.jobs[shed.count++] = std::move(job);
    shed_since_ = true;
    numbers_.add_one(Number::shed);
    show_queue(-1);
  }
}

ThreadPool::Worker* ThreadPool::worker_of(const Job& job) {
  const auto found = std::find_if(workers_.begin(), workers_.end(), [&job](const Worker& worker) {
    return worker.job == job.number;
  });
  return found == workers_.end() ? nullptr : &*found;
}

void ThreadPool::lend(Worker& worker, bool is_lent) {
  if (std::exchange(worker.is_lent, is_lent) == is_lent) {
    return;
  }
  lent_ += is_lent ? 1U : -1U;
  count_running(worker.priority, is_lent ? -1 : 1);
}

void ThreadPool::count_running(Priority priority, int change) {
  running_ += static_cast<std::uint32_t>(change);
  if (priority != Priority::high) {
    running_others_ += static_cast<std::uint32_t>(change);
  }
  account_.change_busy(change);
  numbers_.set(Number::busy, running_);
}

void ThreadPool::show_queue(std::int64_t change) {
  account_.change_queued(change);
  numbers_.set(Number::queued, queue_.size());
}

// Has somebody take the next job if there is one and it may run; whom to wake for it, or null.
// Threads are woken one at a time: each that comes takes a job and has the next one woken if there
// is more. Short jobs then need few threads, and long ones get as many as there are; waking one for
// each job would cost more than a short job does.
Sleepers::Bed* ThreadPool::see_to_queue() {
  if (stopping_ || !has_job_to_run()) {
    return nullptr;
  }
  if (!sleepers_.empty()) {
    return sleepers_.rise();
  }
  if (workers_.size() < spec_.threads + lent_) {
    // There may be no more to be had: those that are there go on.
    start_thread();
  }
  return nullptr;
}

// --- the threads ---------------------------------------------------------------------------------

void ThreadPool::run(Worker& self) {
  const ipc::AlternateStack alternate_stack;
  name_this_thread(spec_.name, self.number);
  account_.record().trace.pool_thread_ids[self.number].store(::gettid(), std::memory_order_relaxed);
  if (spec_.batch) {
    give_way_to_others();
  }
  // What a handler waits for with a time-out ends when it says: by default the kernel may be 50 us
  // late, which is a half per cent of 10 ms, to wake up less often.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  for (;;) {
    Shed shed;
    std::unique_ptr<Job> job = next_job(self, shed);
    const bool is_over = !job && shed.count == 0;
    deliver_shed(shed);
    if (is_over) {
      return;
    }
    if (job) {
      work_on(self, std::move(job));
    }
  }
}

// Waits for a job. None, and nobody shed either: the pool stops.
std::unique_ptr<Job> ThreadPool::next_job(Worker& self, Shed& shed) {
  std::unique_lock lock(account_.mutex());
  while (!stopping_) {
    std::unique_ptr<Job> job;
    if (!queue_.empty()) {
      const std::uint64_t now_ns = ipc::monotonic_ns();
      look_at_waits(now_ns, shed);
      job = has_job_to_run() ? take_job(now_ns) : nullptr;
    }
    if (job) {
      self.job = job->number;
      self.since_ns = job->started_ns;
      self.priority = job->priority();
    }
    if (job || shed.count != 0) {
      Sleepers::Bed* const next = see_to_queue();
      lock.unlock();
      if (next != nullptr) {
        Sleepers::wake(*next);
      }
      return job;
    }
    sleepers_.lie_down(self.bed);
    lock.unlock();
    Sleepers::sleep(self.bed);
    lock.lock();
    sleepers_.got_up();
  }
  return nullptr;
}

void ThreadPool::work_on(Worker& self, std::unique_ptr<Job> job) {
  ipc::InFlightBox& box = account_.record().pool_requests[self.number];
  box.set(job->started_ns, job->request.id, job->request.peer, job->request.method_text,
          job->request.path, ipc::RequestPhase::handling, job->request.route);
  job->run();
  box.clear();
  const bool was_skipped = job->was_skipped();
  deliver_(std::move(job));

  const std::lock_guard lock(account_.mutex());
  if (std::exchange(self.is_lent, false)) {
    --lent_;
  } else {
    count_running(self.priority, -1);
  }
  self.job = 0;
  if (was_skipped) {
    numbers_.add_one(Number::skipped);
  }
}

void ThreadPool::deliver_shed(Shed& shed) {
  for (std::size_t i = 0; i < shed.count; ++i) {
    shed.jobs[i]->shed();
    deliver_(std::move(shed.jobs[i]));
  }
}

}  // namespace prefork::pool
