#include "workers/pool/pools.h"

#include <utility>

#include "config/options/options.h"
#include "ipc/base/check.h"

namespace prefork::pool {

// What the options allow has its place in the record.
static_assert(config::kMaxPools == ipc::kMaxPools &&
              config::kMaxPoolNameBytes == ipc::kMaxPoolNameBytes &&
              config::kMaxPoolThreads == ipc::kMaxPoolThreads);

Pools::Pools(const std::vector<config::PoolSpec>& classes, config::PoolOrder order,
             ipc::WorkerRecord& record, const ThreadPool::Deliver& deliver)
    : account_(record) {
  PREFORK_CHECK(!classes.empty() && classes.size() <= ipc::kMaxPools);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes_.push_back(
        {std::make_unique<ThreadPool>(classes[i], order, account_, record.pools[i], deliver),
         PoolWatch(record, classes[i].name)});
  }
}

bool Pools::submit(std::unique_ptr<exchange::Job>& job) {
  const std::uint32_t index = job->profile != nullptr ? job->profile->class_index() : 0;
  PREFORK_CHECK(index < classes_.size());
  classes_[index].was_given_jobs = true;
  return classes_[index].threads->submit(job);
}

void Pools::start_submitted() {
  for (Class& one : classes_) {
    if (std::exchange(one.was_given_jobs, false)) {
      one.threads->start_submitted();
    }
  }
}

void Pools::lend_thread(const exchange::Job& job) { job.executor->lend_thread(job); }

void Pools::take_back_thread(const exchange::Job& job) { job.executor->take_back_thread(job); }

Pools::Look Pools::look(std::uint64_t now_ns) {
  Look look;
  for (Class& one : classes_) {
    one.threads->shed_overdue();
    const ThreadPool::Stall stall = one.threads->stall();
    look.somebody_waits = look.somebody_waits || stall.waiting != 0;
    if (auto line = one.watch.look(stall, now_ns)) {
      look.lines.push_back(std::move(*line));
    }
  }
  return look;
}

ThreadPool::Running Pools::look_at_running(std::uint64_t now_ns, std::uint64_t limit_ns) {
  ThreadPool::Running all;
  for (Class& one : classes_) {
    const ThreadPool::Running running = one.threads->look_at_running(now_ns, limit_ns);
    all.handlers += running.handlers;
    all.overdue += running.overdue;
    all.stuck += running.stuck;
  }
  return all;
}

}  // namespace prefork::pool
