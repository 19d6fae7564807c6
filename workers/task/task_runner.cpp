#include "workers/task/task_runner.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "ipc/base/alternate_stack.h"
#include "ipc/base/monotonic.h"
#include "ipc/base/timespec.h"

namespace prefork::task {

namespace {

using ipc::JobEnd;

// Nobody relies on being woken: who was to do it may have died.
constexpr std::uint64_t kLongestSleepNs = 250'000'000;

ipc::OwnedFd checked(int fd, const char* call) {
  if (fd < 0) {
    throw std::system_error(errno, std::generic_category(), call);
  }
  return ipc::OwnedFd(fd);
}

}  // namespace

TaskRunner::TaskRunner(const child::ChildContext& context,
                       const native::NativeApplication& application)
    : context_(context),
      application_(application),
      jobs_(*context.tasks),
      record_(context.tasks->record(context.id)),
      left_fd_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      deadline_fd_(
          checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      deadline_ns_(ipc::kNever) {}

TaskRunner::~TaskRunner() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void TaskRunner::start() {
  thread_ = std::thread([this] { run(); });
}

void TaskRunner::leave() {
  is_leaving_.store(true);
  record_.idle.wake_all();
}

void TaskRunner::run() {
  const ipc::AlternateStack alternate_stack;
  ::prctl(PR_SET_NAME, "pf-tasks");
  const auto take = [this] {
    return jobs_.take(context_.generation, context_.segment.header().generation.load());
  };
  while (!is_leaving_.load()) {
    std::optional<std::uint32_t> job = take();
    if (!job) {
      const std::uint32_t announced = record_.idle.announce();
      job = take();
      if (!job && !is_leaving_.load()) {
        record_.idle.sleep(announced, kLongestSleepNs);
      }
    }
    if (job) {
      run_job(*job);
    }
  }
  has_left_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(left_fd_.get(), &one, sizeof one);
}

void TaskRunner::run_job(std::uint32_t number) {
  const ipc::JobTable::Job job = jobs_.begin(number);
  const native::TaskOutcome outcome = outcome_of(job);
  ipc::TaskSlotNotes& notes = context_.tasks->notes(context_.id.slot);
  (outcome.end == JobEnd::done ? notes.done : notes.failed).fetch_add(1, std::memory_order_relaxed);
  jobs_.finish(number, outcome.end, outcome.bytes);
}

native::TaskOutcome TaskRunner::outcome_of(const ipc::JobTable::Job& job) {
  if (ipc::monotonic_ns() >= job.deadline_ns) {
    return {JobEnd::timed_out, ""};
  }
  if (context_.tasks->poison().has(job.task, job.generation)) {
    return {JobEnd::refused, "the task has ended too many processes and is not run any more"};
  }
  arm(job.deadline_ns);
  native::TaskOutcome outcome = application_.run_task(job.task, job.argument);
  arm(ipc::kNever);
  return outcome;
}

// A deadline that has passed is fired at once. None stops the timer: timerfd_settime(2).
void TaskRunner::arm(std::uint64_t deadline_ns) {
  deadline_ns_.store(deadline_ns);
  itimerspec at{};
  if (deadline_ns != ipc::kNever) {
    at.it_value = ipc::to_timespec(deadline_ns);
  }
  ::timerfd_settime(deadline_fd_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

bool TaskRunner::is_overdue() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(deadline_fd_.get(), &count, sizeof count);
  return ipc::monotonic_ns() >= deadline_ns_.load();
}

}  // namespace prefork::task
