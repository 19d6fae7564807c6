#include "workers/task/task_process.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <string>

#include "config/values/exit_code.h"
#include "ipc/base/clock.h"
#include "ipc/base/monotonic.h"
#include "ipc/tasks/task_crash.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"
#include "workers/child/child.h"
#include "workers/child/child_runtime.h"
#include "workers/child/child_signals.h"
#include "workers/loading/loaded_application.h"
#include "workers/task/task_runner.h"

namespace prefork::task {

namespace {

constexpr std::uint64_t kAlivePerHealthcheck = 4;
constexpr std::uint64_t kLongestTickNs = 1'000'000'000;
// So soon it notices that the last worker is gone.
constexpr std::uint64_t kStopTickNs = 20'000'000;

class TaskProcess : private child::ChildCommands {
 public:
  explicit TaskProcess(const child::ChildContext& context)
      : context_(context),
        jobs_(*context.tasks),
        runtime_(context, loop_, *this),
        application_(context),
        runner_(context, application_.get()),
        tick_(loop_, [this] { on_tick(); }) {}

  int run() {
    application_.get().enter_task_process(context_.shared);
    child::set_signals_again();
    loop_.watch(runner_.left_fd(), [this] { loop_.stop(); });
    loop_.watch(runner_.deadline_fd(), [this] { end_when_overdue(); });
    runner_.start();
    tick_.arm(loop_.refresh_now() + tick_ns());
    runtime_.begin();
    loop_.run();
    if (!runner_.has_left()) {
      child::leave(0);  // the master is gone
    }
    return 0;
  }

 private:
  [[nodiscard]] std::uint64_t tick_ns() const {
    const auto timeout = context_.options.processes.healthcheck_timeout;
    return timeout.count() == 0
               ? kLongestTickNs
               : std::min(kLongestTickNs, ipc::to_ns(timeout) / kAlivePerHealthcheck);
  }

  void on_tick() {
    runtime_.send(ipc::AliveFrame{});
    if (is_stopping_ && !runner_is_leaving_ && !has_workers()) {
      drop_what_is_left();
      leave();
    }
    sweep();
    tick_.arm(loop_.now_ns() + (is_stopping_ ? kStopTickNs : tick_ns()));
  }

  // Workers whose processes the master has not forgotten yet.
  [[nodiscard]] bool has_workers() const {
    for (std::uint32_t slot = 0; slot < context_.segment.slots_in_use(); ++slot) {
      for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
        if (context_.segment.record({slot, seat}).pid.load() != 0) {
          return true;
        }
      }
    }
    return false;
  }

  void drop_what_is_left() {
    if (const std::uint32_t dropped = jobs_.drop_all(); dropped != 0) {
      context_.log.warning(std::to_string(dropped) +
                           (dropped == 1 ? " queued task was" : " queued tasks were") +
                           " dropped: the server stops");
    }
  }

  void sweep() {
    for (const ipc::JobTable::Orphan& orphan : jobs_.sweep()) {
      const ipc::TaskCrash crash =
          ipc::note_crash(*context_.tasks, orphan.task, orphan.runner, orphan.generation);
      context_.log.warning("task '" + orphan.task + "' ended with its process (pid " +
                           std::to_string(orphan.runner.pid()) + "): " + crash.how +
                           "; its worker has ended too");
    }
  }

  void end_when_overdue() {
    if (!runner_.is_overdue()) {
      return;
    }
    const auto job = jobs_.running_by(::getpid());
    context_.log.error((job ? "task '" + jobs_.task_of(*job) + "'" : std::string("a task")) +
                       " ran until its deadline: this process is ended with it");
    ::kill(::getpid(), SIGKILL);
  }

  void on_terminate() override { runtime_.send(ipc::RecycleFrame{ipc::RecycleReason::terminated}); }

  void on_drain(ipc::DrainReason reason) override {
    if (reason == ipc::DrainReason::stop) {
      is_stopping_ = true;
      tick_.arm(loop_.now_ns());
    } else {
      leave();
    }
  }

  void leave() {
    runner_is_leaving_ = true;
    runner_.leave();
  }

  const child::ChildContext& context_;
  ipc::JobTable jobs_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  child::ChildRuntime runtime_;
  loading::LoadedApplication application_;
  TaskRunner runner_;
  loop::Timer tick_;
  bool is_stopping_ = false;
  bool runner_is_leaving_ = false;
};

}  // namespace

int run_task(const child::ChildContext& context) {
  try {
    return TaskProcess(context).run();
  } catch (const loading::ApplicationFailed& error) {
    return child::fail_boot(context, error.what(), config::ExitCode::application_failed);
  } catch (const std::exception& error) {
    return child::fail_boot(context, error.what(), config::ExitCode::no_worker_booted);
  }
}

}  // namespace prefork::task
