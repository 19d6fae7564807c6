// The thread of a task process that runs tasks, one after the other: takes a job, calls the
// application, writes the result, until it is told to leave. It reads no clock while a task runs:
// a timer of the kernel tells the process's event loop when a deadline has passed, and the loop
// ends the process, which is the only way to end a task.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "ipc/base/owned_fd.h"
#include "ipc/tasks/job_table.h"
#include "server/native/native_application.h"
#include "workers/child/child_context.h"

namespace prefork::task {

class TaskRunner {
 public:
  // Both outlive it. Throws std::system_error.
  TaskRunner(const child::ChildContext& context, const native::NativeApplication& application);
  // It has left.
  ~TaskRunner();
  TaskRunner(const TaskRunner&) = delete;
  TaskRunner& operator=(const TaskRunner&) = delete;

  void start();
  // After the task that runs, if one does.
  void leave();
  [[nodiscard]] bool has_left() const { return has_left_.load(); }

  // Readable: it has left.
  [[nodiscard]] int left_fd() const { return left_fd_.get(); }
  // Readable: a deadline has passed. is_overdue() says whether the task still runs.
  [[nodiscard]] int deadline_fd() const { return deadline_fd_.get(); }
  bool is_overdue();

 private:
  void run();
  void run_job(std::uint32_t job);
  [[nodiscard]] native::TaskOutcome outcome_of(const ipc::JobTable::Job& job);
  void arm(std::uint64_t deadline_ns);

  const child::ChildContext& context_;
  const native::NativeApplication& application_;
  ipc::JobTable jobs_;
  ipc::TaskRecord& record_;
  const ipc::OwnedFd left_fd_;
  const ipc::OwnedFd deadline_fd_;
  std::atomic<std::uint64_t> deadline_ns_;  // of the task that runs; kNever: none does
  std::atomic<bool> is_leaving_{false};
  std::atomic<bool> has_left_{false};
  std::thread thread_;
};

}  // namespace prefork::task
