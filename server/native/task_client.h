// The worker's side of task processes: submits jobs, and has a thread of its own that collects what
// came of them. It tells those who wait, calls those who want to be called, keeps deadlines, finds
// jobs whose processes have died, and runs again what may be. See ipc/tasks/task_board.h.
//
// The thread is neither the event loop's nor the pool's: what is called back may block for a while
// without a connection or a request waiting for it, but other results do.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/options/options.h"
#include "ipc/tasks/job_table.h"
#include "ipc/tasks/task_board.h"

namespace prefork::native {

struct TaskOutcome {
  ipc::JobEnd end = ipc::JobEnd::none;  // none: not yet
  std::string bytes;                    // of one that is done; else why it is not
};

// What a handler has of a job it has submitted. Any thread; only the client changes it.
struct SubmittedTask {
  using Done = std::function<void(const TaskOutcome& outcome)>;

  TaskOutcome outcome;
  Done done;                          // called once; may be none
  std::condition_variable has_ended;  // with the client's mutex
};

class TaskClient {
 public:
  using Report = std::function<void(config::LogLevel level, std::string_view line)>;

  struct Place {
    ipc::TaskBoard& board;
    std::uint32_t channel = 0;
    std::uint32_t generation = 0;
    std::uint64_t timeout_ns = 0;  // of those that name none
  };
  struct Order {
    std::string_view task;
    std::string_view argument;
    std::uint64_t timeout_ns = 0;  // from now on; 0: the usual one
    ipc::JobPriority priority = ipc::JobPriority::normal;
    std::uint32_t retries = 0;  // after the death of its process
    bool outlives_worker = false;
    SubmittedTask::Done done;
  };

  // In a worker. The board outlives it; `report` is called by any thread.
  TaskClient(const Place& place, Report report);
  ~TaskClient();
  TaskClient(const TaskClient&) = delete;
  TaskClient& operator=(const TaskClient&) = delete;

  // Never waits. What is refused has ended already, and `done` was called.
  std::shared_ptr<SubmittedTask> submit(Order order);
  // False: not within that time. Not for the thread that collects.
  bool wait(SubmittedTask& task, std::uint64_t timeout_ns);
  [[nodiscard]] TaskOutcome outcome(const SubmittedTask& task);
  // One that has not begun is dropped, of one that runs the result is.
  void cancel(SubmittedTask& task);
  // Whoever waits is told that nothing comes any more, and nobody is called back afterwards.
  void stop();
  [[nodiscard]] bool is_own_thread() const {
    return std::this_thread::get_id() == thread_.get_id();
  }

 private:
  struct Pending {
    std::uint32_t job = 0;
    std::string name;
    std::uint64_t deadline_ns = 0;
    std::uint32_t retries = 0;
    bool outlives_worker = false;
    std::uint64_t dead_since_ns = 0;  // its process was found dead; 0: it was not
    std::shared_ptr<SubmittedTask> task;
  };
  using Ended = std::vector<std::shared_ptr<SubmittedTask>>;

  // Why it cannot be; empty: it can.
  [[nodiscard]] std::string find_obstacle(const Order& order) const;
  std::string enqueue(const Order& order, const std::shared_ptr<SubmittedTask>& task);
  void run();
  // One look at all that is pending. True: something has ended.
  bool collect(bool asks_who_lives, Ended& ended);
  // True: the job is over and its cell is free.
  bool settle(Pending& pending, bool asks_who_lives, std::uint64_t now_ns, Ended& ended);
  bool settle_running(Pending& pending, ipc::ProcessKey runner, std::uint64_t now_ns, Ended& ended);
  [[nodiscard]] static bool has_reader(const Pending& pending);
  void end(Pending& pending, TaskOutcome outcome, Ended& ended);
  static void call_back(const Ended& ended);
  [[nodiscard]] std::uint64_t time_to_sleep(std::uint64_t now_ns) const;

  const Place place_;
  const Report report_;
  ipc::JobTable jobs_;
  std::mutex mutex_;
  std::list<Pending> pending_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace prefork::native
