// One class of a worker's threads for handlers that may block: a bounded queue, and a number of
// threads that take jobs from it, run them and give them back. The pool never touches a connection;
// what is done goes to `deliver`, which may be called by any of its threads and by the loop.
//
// A thread whose handler streams its answer is lent to the client, which may read slowly or listen
// for hours, and so is one whose handler waits for the content of its request: it does not count
// any more, and another one takes its place where there is work, as long as the worker has not
// ipc::kMaxPoolThreads. With the content it counts again, and for a moment there may be more jobs
// at work than the class has threads. Threads that were made stay, and sleep when there are too
// many of them.
//
// Where the class has a limit to waiting (PoolSpec::wait), whoever has waited for longer is shed.
// And when the queue stands (Congestion), the newest are taken first: they are answered while
// somebody still wants it, and nobody waits for longer than the limit. A full queue then makes room
// by shedding the oldest.
//
// Made and ended by the event loop's thread, after the fork.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "config/values/pool_spec.h"
#include "server/exchange/job.h"
#include "workers/pool/congestion.h"
#include "workers/pool/job_queue.h"
#include "workers/pool/pool_account.h"
#include "workers/pool/sleepers.h"

namespace prefork::pool {

class ThreadPool : public exchange::Executor {
 public:
  using Deliver = std::function<void(std::unique_ptr<exchange::Job>)>;

  // `numbers` is the class's in the record of `account`; both outlive it. Throws std::runtime_error
  // when a thread cannot be started.
  ThreadPool(const config::PoolSpec& spec, config::PoolOrder order, PoolAccount& account,
             ipc::PoolRecord& numbers, Deliver deliver);
  // Drops what waits and joins the threads, that is, waits for the handlers that run.
  ~ThreadPool() override;

  bool submit(std::unique_ptr<exchange::Job>& job) override;
  void start_submitted() override;
  void lend_thread(const exchange::Job& job) override;
  void take_back_thread(const exchange::Job& job) override;

  // Now and then while jobs wait: sheds those that have waited for too long, whatever the threads
  // are doing.
  void shed_overdue();

  // Jobs that wait, and since when none was taken although there was one.
  struct Stall {
    std::size_t waiting = 0;
    std::uint64_t since_ns = 0;
    std::vector<std::uint32_t> threads;  // the numbers of all of them; none when nobody waits
  };
  [[nodiscard]] Stall stall() const;

  // The handlers that run on its threads; `overdue`: those that have had theirs for `limit_ns`,
  // without the time in which it was lent to the client. For each that was found to be so now
  // (`stuck`) another thread takes the place of its own, which may never come back.
  struct Running {
    std::uint32_t handlers = 0;
    std::uint32_t overdue = 0;
    std::uint32_t stuck = 0;
  };
  Running look_at_running(std::uint64_t now_ns, std::uint64_t limit_ns);
  [[nodiscard]] const std::string& name() const { return spec_.name; }

 private:
  struct Worker {
    std::uint32_t number = 0;
    Sleepers::Bed bed;
    std::thread thread;
    // What it runs: the job's number, 0 for none, and since when it works on it alone.
    std::uint64_t job = 0;
    std::uint64_t since_ns = 0;
    exchange::Priority priority = exchange::Priority::normal;
    bool is_lent = false;
  };
  // More are shed in the next turn.
  static constexpr std::size_t kMaxShedAtOnce = 16;
  struct Shed {
    std::array<std::unique_ptr<exchange::Job>, kMaxShedAtOnce> jobs;
    std::size_t count = 0;
  };

  void run(Worker& self);
  std::unique_ptr<exchange::Job> next_job(Worker& self, Shed& shed);
  void work_on(Worker& self, std::unique_ptr<exchange::Job> job);
  void deliver_shed(Shed& shed);
  void stop();

  // With the lock held:
  [[nodiscard]] std::size_t free_threads(exchange::Priority priority) const;
  [[nodiscard]] bool has_job_to_run() const;
  std::unique_ptr<exchange::Job> take_job(std::uint64_t now_ns);
  void look_at_waits(std::uint64_t now_ns, Shed& shed);
  Worker* worker_of(const exchange::Job& job);
  void lend(Worker& worker, bool is_lent);
  void count_running(exchange::Priority priority, int change);
  void show_queue(std::int64_t change);
  std::error_code start_thread();
  Sleepers::Bed* see_to_queue();

  const config::PoolSpec spec_;
  PoolAccount& account_;
  ipc::PoolRecord& numbers_;
  const Deliver deliver_;

  // What follows is guarded by the account's mutex.
  JobQueue queue_;
  Congestion congestion_;
  std::uint32_t running_ = 0;         // jobs, but for those whose thread is lent
  std::uint32_t running_others_ = 0;  // of these, those that are not of high priority
  std::uint32_t lent_ = 0;
  std::uint64_t taken_ = 0;     // jobs, so far
  std::uint64_t taken_ns_ = 0;  // when a job was, or the first one came that had to wait
  bool shed_since_ = false;     // since a job was taken
  Sleepers sleepers_;
  bool stopping_ = false;
  std::deque<Worker> workers_;  // they stay where they are
};

}  // namespace prefork::pool
