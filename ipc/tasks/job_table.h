// What is done with the jobs of a TaskBoard (ipc/tasks/task_board.h), by workers, which submit and
// collect, and by task processes, which take and finish. Nothing here waits but for a copy.
//
// A job is run at most once, unless its order allows more attempts: then a job whose process died
// in it is run again. It is run by a process of its worker's generation or a newer one; if that
// generation was given up (a reload that was rolled back), by one of the generation in force.
//
// Any process, any thread; who collects a job is one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/tasks/job_cell.h"
#include "ipc/tasks/task_board.h"

namespace prefork::ipc {

struct JobOrder {
  std::string_view task;                // at most kMaxTaskNameBytes
  std::span<const std::byte> argument;  // at most what the board has room for
  std::uint64_t deadline_ns = kNever;
  JobPriority priority = JobPriority::normal;
  std::uint32_t generation = 0;
  std::uint32_t channel = 0;
  bool is_detached = false;  // it is run though its owner is dead
};

class JobTable {
 public:
  explicit JobTable(TaskBoard& board) : board_(board) {}

  // --- by the worker ---
  // Nothing: there is no room.
  std::optional<std::uint32_t> submit(const JobOrder& order);
  [[nodiscard]] JobWork look(std::uint32_t job) const;
  // One that is not begun is not run any more. False: it is.
  bool withdraw(std::uint32_t job);
  // Its runner is dead: it is nobody's any more (true), or it had finished before.
  bool bury(std::uint32_t job, ProcessKey runner);
  // Likewise, and it is queued again.
  bool retry(std::uint32_t job, ProcessKey runner);
  [[nodiscard]] std::uint32_t attempts(std::uint32_t job) const;
  // Of one that has finished and was not buried, before it is freed.
  struct Result {
    JobEnd end = JobEnd::failed;
    std::string bytes;  // or what went wrong
  };
  [[nodiscard]] Result result(std::uint32_t job) const;
  void free(std::uint32_t job);

  // --- by a task process ---
  // The oldest of the highest priority, which is the caller's then.
  std::optional<std::uint32_t> take(std::uint32_t generation, std::uint32_t in_force);
  struct Job {
    std::string task;
    std::string argument;
    std::uint64_t deadline_ns = kNever;
    std::uint32_t generation = 0;  // of the worker
  };
  // Of one that was taken: an attempt begins.
  Job begin(std::uint32_t job);
  // What is longer than there is room for is `failed`.
  void finish(std::uint32_t job, JobEnd end, std::string_view bytes);

  // --- by either ---
  // Of jobs whose owners are dead: frees what nobody collects, drops what nobody waits for, and
  // returns those whose runners died too, before their deadlines. Asks the system about each owner.
  struct Orphan {
    std::string task;
    std::uint32_t generation = 0;
    ProcessKey runner;
  };
  std::vector<Orphan> sweep();
  // Those that are queued, whosever they are: their ends are `dropped`. How many.
  std::uint32_t drop_all();

  [[nodiscard]] std::string task_of(std::uint32_t job) const;
  [[nodiscard]] std::size_t count(JobWork::Phase phase) const;
  // Of the process with that pid; nothing: it has none.
  [[nodiscard]] std::optional<std::uint32_t> running_by(std::int32_t pid) const;

 private:
  [[nodiscard]] bool may_run(std::uint32_t job, std::uint32_t generation,
                             std::uint32_t in_force) const;
  [[nodiscard]] std::optional<std::uint32_t> first_queued(std::uint32_t generation,
                                                          std::uint32_t in_force) const;
  std::optional<std::uint32_t> find_free();
  void fill(std::uint32_t job, const JobOrder& order);
  void wake_runner(std::uint32_t generation);
  bool settle_orphan(std::uint32_t job, std::vector<Orphan>& orphans);
  bool change(std::uint32_t job, JobWork from, JobWork to);

  TaskBoard& board_;
};

}  // namespace prefork::ipc
