// What a coroutine on the event loop may wait for that others do: a function on the pool, a task of
// a task process. For `co_await` alone, in a coroutine that returns a Task (coroutine.hpp).
#pragma once

#include <prefork/cxx20.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include <prefork/abi.h>
#include <prefork/coroutine.hpp>
#include <prefork/run_on.hpp>
#include <prefork/tasks.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// A value or nothing, for results that may be void.
template <typename Result>
struct Outcome {
  std::optional<Result> value;
  std::exception_ptr error;

  template <typename Function>
  void call(Function& function) {
    try {
      value.emplace(function());
    } catch (...) {
      error = std::current_exception();
    }
  }
  Result take() {
    if (error) {
      std::rethrow_exception(error);
    }
    return std::move(*value);
  }
};

template <>
struct Outcome<void> {
  std::exception_ptr error;

  template <typename Function>
  void call(Function& function) {
    try {
      function();
    } catch (...) {
      error = std::current_exception();
    }
  }
  void take() const {
    if (error) {
      std::rethrow_exception(error);
    }
  }
};

}  // namespace detail

// The pool had no room for a function, or no thread in time.
class PoolFull : public std::runtime_error {
 public:
  PoolFull() : std::runtime_error("no thread of the pool was free") {}
};

namespace detail {

// A function on the pool. The coroutine stays until it has returned, for it may use what lies
// there; one that has not begun when the coroutine is ended is not called any more.
template <typename Function>
class OnPoolCall final : public Pause {
 public:
  using Result = std::invoke_result_t<Function&>;

  OnPoolCall(Function& function, OnPool where) : function_(&function), where_(where) {}
  ~OnPoolCall() = default;
  bool await_ready() const noexcept { return false; }
  template <IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    arrive(awaiting);
    auto parcel = std::make_unique<Parcel>();
    parcel->function = function_;
    parcel->receiver = this;
    prefork_work work{};
    work.size = sizeof work;
    work.pool = text(where_.name);
    work.priority = to_native(where_.priority);
    work.run = Parcel::run;
    work.done = Parcel::done;
    work.user_data = parcel.get();
    if (api().submit_work(app(), &work) != PREFORK_OK) {
      throw PoolFull();
    }
    parcel_ = parcel.release();
    begin();
  }
  Result await_resume() { return outcome_.take(); }
  bool cancel() override {
    int waits = kWaits;
    if (!parcel_->state.compare_exchange_strong(waits, kCancelled)) {
      return false;
    }
    parcel_->receiver = nullptr;
    return true;
  }

 private:
  static constexpr int kWaits = 0;
  static constexpr int kRuns = 1;
  static constexpr int kCancelled = 2;

  // What goes to the pool and comes back, once, whatever becomes of the coroutine.
  struct Parcel {
    std::atomic<int> state{kWaits};
    Function* function = nullptr;
    OnPoolCall* receiver = nullptr;  // for the event loop; null: it is gone
    Outcome<Result> outcome;

    static void run(void* self) {
      auto& parcel = *static_cast<Parcel*>(self);
      int waits = kWaits;
      if (parcel.state.compare_exchange_strong(waits, kRuns)) {
        parcel.outcome.call(*parcel.function);
      }
    }
    static void done(void* self, prefork_status how) {
      const std::unique_ptr<Parcel> parcel(static_cast<Parcel*>(self));
      if (parcel->receiver != nullptr) {
        parcel->receiver->take(*parcel, how);
      }
    }
  };

  void take(Parcel& parcel, prefork_status how) {
    outcome_ = std::move(parcel.outcome);
    if (how != PREFORK_OK) {
      outcome_.error = std::make_exception_ptr(PoolFull());
    }
    go_on(how);
  }

  Function* function_;
  OnPool where_;
  Parcel* parcel_ = nullptr;
  Outcome<Result> outcome_;
};

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool destroys_closures_twice = true;
#else
inline constexpr bool destroys_closures_twice = false;
#endif

// A job of a task process.
class TaskRun final : public Pause {
 public:
  TaskRun(std::string_view task, std::string_view argument, const TaskOptions& options)
      : task_(task), argument_(argument), options_(options) {}
  ~TaskRun() { release(); }
  bool await_ready() const noexcept { return false; }
  template <IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    arrive(awaiting);
    auto parcel = std::make_unique<Parcel>(api(), app(), *this);
    prefork_task_order order = Tasks::to_order(task_, argument_, options_);
    order.done = Parcel::done;
    order.user_data = parcel.get();
    if (api().submit_task(app(), &order, &job_) != PREFORK_OK) {
      throw std::runtime_error("the server does not take such tasks");
    }
    parcel_ = parcel.release();
    begin();
  }
  std::string await_resume() {
    if (end_ != TaskEnd::done) {
      throw TaskError(end_, bytes_);
    }
    return std::move(bytes_);
  }
  bool cancel() override {
    parcel_->receiver = nullptr;
    api().cancel_job(job_);
    return true;
  }

 private:
  // The result on its way to the event loop.
  struct Parcel {
    Parcel(const prefork_api& of, prefork_app* in, TaskRun& to) : api(of), app(in), receiver(&to) {}

    const prefork_api& api;
    prefork_app* app;
    TaskRun* receiver;  // for the event loop; null: it is gone
    TaskEnd end = TaskEnd::none;
    std::string bytes;

    // On a thread that may wait until the loop has room.
    static void done(void* self, prefork_job_end end, prefork_text bytes) {
      std::unique_ptr<Parcel> parcel(static_cast<Parcel*>(self));
      parcel->end = static_cast<TaskEnd>(end);
      parcel->bytes = view(bytes);
      const prefork_api& api = parcel->api;
      prefork_status posted = api.post(parcel->app, arrive, parcel.get());
      while (posted == PREFORK_FULL && api.is_loop_thread(parcel->app) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        posted = api.post(parcel->app, arrive, parcel.get());
      }
      if (posted == PREFORK_OK) {
        parcel.release();
      }
    }
    static void arrive(void* self) {
      const std::unique_ptr<Parcel> parcel(static_cast<Parcel*>(self));
      if (parcel->receiver != nullptr) {
        parcel->receiver->take(*parcel);
      }
    }
  };

  void take(Parcel& parcel) {
    end_ = parcel.end;
    bytes_ = std::move(parcel.bytes);
    release();
    go_on(PREFORK_OK);
  }
  void release() {
    if (job_ != nullptr) {
      api().release_job(std::exchange(job_, nullptr));
    }
  }

  std::string_view task_;
  std::string_view argument_;
  TaskOptions options_;
  Parcel* parcel_ = nullptr;
  prefork_job* job_ = nullptr;
  TaskEnd end_ = TaskEnd::none;
  std::string bytes_;
};

}  // namespace detail

// Calls it on a thread of the pool, where it may block, and gives what it returns; what it throws
// is thrown. It finds the room that requests find there: throws PoolFull when there is none. If the
// coroutine is ended meanwhile, that happens when the function has returned. The closure must have
// a name with g++ 12 if it captures what has a destructor (see coroutine.hpp); then it is not
// copied.
//
//   auto work = [text] { return compress(text); };
//   std::string result = co_await prefork::on_pool(work);
template <typename Function>
requires std::is_invocable_v < std::remove_reference_t<Function>
& > detail::OnPoolCall<std::remove_reference_t<Function>> on_pool(Function&& function,
                                                                  OnPool where = {}) {
  using Plain = std::remove_reference_t<Function>;
  static_assert(
      !detail::destroys_closures_twice || std::is_lvalue_reference_v<Function> ||
          std::is_trivially_destructible_v<Plain>,
      "g++ 12 destroys a closure twice that is made within a co_await expression: give it a name "
      "first (auto work = [...] { ... }; co_await prefork::on_pool(work);)");
  return {function, where};
}

// The result of a task (tasks.hpp). Throws TaskError when there is none. A coroutine that is ended
// meanwhile cancels it.
//
//   std::string small = co_await prefork::run_task("resize", image);
inline detail::TaskRun run_task(std::string_view task, std::string_view argument,
                                const TaskOptions& options = {}) {
  return {task, argument, options};
}

}  // namespace v1
}  // namespace prefork
