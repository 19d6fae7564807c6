// What an application has done again and again, by each worker or by the one that leads, and what
// any thread has called on the event loop. App derives from it.
//
//   app.every(2s, prefork::leader, [] { remove_what_is_old(); });
//   app.every(1min, prefork::each_worker, prefork::on_pool(prefork::Priority::low), [] { ... });
//   app.every(10s, prefork::leader, []() -> prefork::Task<> { co_await ...; });
//
// The first time after one period, then one period after the last time began; one that takes longer
// than that is not overtaken: the next time comes when it has returned. A function runs on the
// event loop, where it must not block, unless it is given to the pool; a coroutine may wait. What
// it throws is logged. It stops with the worker; for the leader when that drains: the next one
// begins then.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/await.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/locks.hpp>
#include <prefork/run_on.hpp>

namespace prefork {
inline namespace v1 {

// In the worker that leads (App::on_lead), as long as it does.
struct Leader {};
inline constexpr Leader leader{};
// In every worker.
struct EachWorker {};
inline constexpr EachWorker each_worker{};

namespace detail {

template <typename Function>
void call_logged(const prefork_api& api, prefork_app* app, const char* what,
                 const Function& function) {
  try {
    function();
  } catch (const std::exception& error) {
    api.log(app, 3, text(std::string(what) + " threw: " + error.what()));
  } catch (...) {
    api.log(app, 3, text(std::string(what) + " threw something that is no std::exception"));
  }
}

// One function and its times. One thread: the event loop's, but for what runs on the pool.
class RepeatedJob {
 public:
  struct Plan {
    Timeout period{};
    bool is_leaders = false;
    std::optional<OnPool> pool;         // else on the loop
    std::function<void()> function;     // or
    std::function<Task<>()> coroutine;  // one of the two
  };

  RepeatedJob(const prefork_api& api, prefork_app* app, Plan plan)
      : api_(api),
        app_(app),
        plan_(std::move(plan)),
        pool_name_(plan_.pool ? plan_.pool->name : std::string_view()) {}
  RepeatedJob(const RepeatedJob&) = delete;
  RepeatedJob& operator=(const RepeatedJob&) = delete;

  [[nodiscard]] bool is_leaders() const { return plan_.is_leaders; }
  void begin() {
    is_wanted_ = true;
    arm(plan_.period);
  }
  // What runs comes to its end.
  void stop() {
    is_wanted_ = false;
    if (wait_ != nullptr) {
      api_.cancel_wait(std::exchange(wait_, nullptr));
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr const char* kWhat = "a function of every()";

  void arm(Timeout time) {
    wait_ = is_wanted_ ? api_.wait_time(app_, to_ns(time), told, this) : nullptr;
  }
  // After one time: the next.
  void arm_next() {
    task_.reset();
    const Timeout gone = Clock::now() - began_;
    arm(gone < plan_.period ? plan_.period - gone : Timeout::zero());
  }
  static void told(void* self, prefork_status how) {
    auto& job = *static_cast<RepeatedJob*>(self);
    job.wait_ = nullptr;
    if (how == PREFORK_OK) {
      job.began_ = Clock::now();
      job.run();
    }
  }
  void run() {
    if (plan_.pool) {
      submit();
    } else if (plan_.coroutine) {
      run_coroutine();
    } else {
      call_logged(api_, app_, kWhat, plan_.function);
      arm_next();
    }
  }
  void submit() {
    prefork_work work{};
    work.size = sizeof work;
    work.pool = text(pool_name_);
    work.priority = to_native(plan_.pool->priority);
    work.run = [](void* self) {
      const auto& job = *static_cast<const RepeatedJob*>(self);
      call_logged(job.api_, job.app_, kWhat, job.plan_.function);
    };
    work.done = [](void* self, prefork_status how) {
      auto& job = *static_cast<RepeatedJob*>(self);
      if (how == PREFORK_FULL) {
        job.log_missed();
      }
      job.arm_next();
    };
    work.user_data = this;
    if (api_.submit_work(app_, &work) != PREFORK_OK) {
      log_missed();
      arm_next();
    }
  }
  void log_missed() const {
    api_.log(app_, 2,
             text("a function of every() was left out once: no thread of the pool was free"));
  }
  void run_coroutine() {
    bool is_done = true;
    call_logged(api_, app_, kWhat, [&] {
      task_.emplace(plan_.coroutine());
      is_done = task_->start(api_, app_);
    });
    if (is_done) {
      end_coroutine();
      return;
    }
    task_->root().owner = this;
    task_->root().on_end = [](void* self) { static_cast<RepeatedJob*>(self)->end_coroutine(); };
  }
  void end_coroutine() {
    if (task_ && task_->is_done()) {
      call_logged(api_, app_, kWhat, [this] { task_->take(); });
    }
    arm_next();
  }

  const prefork_api& api_;
  prefork_app* app_;
  const Plan plan_;
  const std::string pool_name_;
  bool is_wanted_ = false;
  Clock::time_point began_;
  std::optional<Task<>> task_;
  prefork_wait* wait_ = nullptr;
};

}  // namespace detail

class JobList {
 public:
  // In PREFORK_APP. `who`: prefork::leader or prefork::each_worker. At least a millisecond apart.
  // Throws std::invalid_argument, and std::runtime_error when the server is too old.
  template <typename Who, typename Function>
  void every(std::chrono::nanoseconds period, Who who, Function function) {
    using Result = std::invoke_result_t<Function&>;
    static_assert(detail::is_task<Result> ? std::is_same_v<Result, Task<>> : std::is_void_v<Result>,
                  "a function of every() returns nothing, or is a coroutine: prefork::Task<>");
    detail::RepeatedJob::Plan plan = plan_of(period, who);
    if constexpr (detail::is_task<Result>) {
      plan.coroutine = std::move(function);
    } else {
      plan.function = std::move(function);
    }
    add(std::move(plan));
  }
  template <typename Who, typename Function>
  void every(std::chrono::nanoseconds period, Who who, OnPool pool, Function function) {
    static_assert(std::is_void_v<std::invoke_result_t<Function&>>,
                  "a function of every() on the pool returns nothing");
    detail::RepeatedJob::Plan plan = plan_of(period, who);
    plan.pool = pool;
    plan.function = std::move(function);
    add(std::move(plan));
  }

  // Has `function` called on the event loop, where it must not block: from any thread of a worker,
  // in the order in which they come. What it throws is logged. False: it is not called; 65,536 wait
  // already, or the worker has stopped, or this is none.
  bool run_on_loop(std::function<void()> function) const {
    if (!PREFORK_HAS(&api_, read_topic)) {
      return false;
    }
    auto posted = std::make_unique<Posted>(Posted{api_, app_, std::move(function)});
    if (api_.post(app_, Posted::call, posted.get()) != PREFORK_OK) {
      return false;
    }
    posted.release();
    return true;
  }

 protected:
  // Both outlive it.
  JobList(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  ~JobList() = default;

  // For App, on the event loop's thread: the worker starts, becomes the leader, drains.
  void begin_jobs(bool leaders) const {
    for (const auto& job : jobs_) {
      if (job->is_leaders() == leaders) {
        job->begin();
      }
    }
  }
  void stop_leaders_jobs() const {
    for (const auto& job : jobs_) {
      if (job->is_leaders()) {
        job->stop();
      }
    }
  }

 private:
  struct Posted {
    const prefork_api& api;
    prefork_app* app;
    std::function<void()> function;

    static void call(void* self) {
      const std::unique_ptr<const Posted> posted(static_cast<const Posted*>(self));
      detail::call_logged(posted->api, posted->app, "a function of run_on_loop()",
                          posted->function);
    }
  };

  template <typename Who>
  static detail::RepeatedJob::Plan plan_of(std::chrono::nanoseconds period, Who /*who*/) {
    static_assert(std::is_same_v<Who, Leader> || std::is_same_v<Who, EachWorker>,
                  "every(period, who, function): who is prefork::leader or prefork::each_worker");
    detail::RepeatedJob::Plan plan;
    plan.period = period;
    plan.is_leaders = std::is_same_v<Who, Leader>;
    return plan;
  }
  void add(detail::RepeatedJob::Plan plan) {
    detail::require_loop(api_, "functions of every()");
    if (plan.period < std::chrono::milliseconds(1)) {
      throw std::invalid_argument("every(): at least a millisecond apart");
    }
    if (!plan.function && !plan.coroutine) {
      throw std::invalid_argument("every(): the function is none");
    }
    jobs_.push_back(std::make_unique<detail::RepeatedJob>(api_, app_, std::move(plan)));
  }

  const prefork_api& api_;
  prefork_app* app_;
  std::vector<std::unique_ptr<detail::RepeatedJob>> jobs_;
};

}  // namespace v1
}  // namespace prefork
