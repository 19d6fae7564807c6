// All classes of a worker's thread pool, as the one executor that exchanges know: a job goes to the
// class that its route has named, or else to the first one.
//
// Made and ended by the event loop's thread, after the fork.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/values/pool_spec.h"
#include "server/exchange/job.h"
#include "workers/pool/pool_account.h"
#include "workers/pool/pool_watch.h"
#include "workers/pool/thread_pool.h"

namespace prefork::pool {

class Pools : public exchange::Executor {
 public:
  // 1 to ipc::kMaxPools classes. Throws std::runtime_error when a thread cannot be started.
  Pools(const std::vector<config::PoolSpec>& classes, config::PoolOrder order,
        ipc::WorkerRecord& record, const ThreadPool::Deliver& deliver);

  bool submit(std::unique_ptr<exchange::Job>& job) override;
  void start_submitted() override;
  // Never asked: a job's executor is its class.
  void lend_thread(const exchange::Job& job) override;
  void take_back_thread(const exchange::Job& job) override;

  // Now and then. Sheds who has waited for too long. `lines`: for the log, about classes at a
  // standstill.
  struct Look {
    bool somebody_waits = false;
    std::vector<std::string> lines;
  };
  Look look(std::uint64_t now_ns);

  // See ThreadPool; of all classes.
  ThreadPool::Running look_at_running(std::uint64_t now_ns, std::uint64_t limit_ns);

 private:
  struct Class {
    std::unique_ptr<ThreadPool> threads;
    PoolWatch watch;
    bool was_given_jobs = false;  // in this turn of the loop
  };

  PoolAccount account_;
  std::vector<Class> classes_;
};

}  // namespace prefork::pool
