// Work that a process of its own does: what keeps a processor busy, or may crash. Declared in
// PREFORK_APP, submitted by any handler or thread of a worker, run by one of the task processes
// (--task-workers), which touch neither the worker's event loop nor its pool.
//
//   PREFORK_APP(app) {
//     app.task("resize", [](std::string_view image) { return resize(image); });
//     app.post("/small", [tasks = app.tasks()](const prefork::Request& request) {
//       return prefork::Response(200, "image/png", tasks.submit("resize", request.body()).get());
//     });
//   }
//
// A task process loads the application as a worker does, but calls none of its hooks, so what
// per_worker() makes is not there; counters and gauges do nothing; locks, queues and maps that
// workers share do what they always do. It runs one task at a time. A job is run by a process of
// its worker's generation or a newer one, since a reload replaces the task processes first. It is
// run at most once, unless TaskOptions::retries says otherwise: who may not do a thing twice asks
// for no retries.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/locks.hpp>
#include <prefork/request.hpp>
#include <prefork/run_on.hpp>

namespace prefork {
inline namespace v1 {

// How a job ended.
enum class TaskEnd : std::uint8_t {
  none = 0,  // it has not
  done = PREFORK_JOB_DONE,
  failed = PREFORK_JOB_FAILED,    // its handler threw, or its result is longer than --limit-task
  crashed = PREFORK_JOB_CRASHED,  // its process ended within it
  timed_out = PREFORK_JOB_TIMED_OUT,  // and its process was killed, if it had begun
  cancelled = PREFORK_JOB_CANCELLED,
  refused = PREFORK_JOB_REFUSED,  // not begun: no room (--limit-task-queue), too long, unknown, or
                                  // it has ended three processes within a minute
  dropped = PREFORK_JOB_DROPPED   // not begun: the server stops
};

// Why there is no result.
class TaskError : public std::runtime_error {
 public:
  TaskError(TaskEnd end, const std::string& reason) : std::runtime_error(reason), end_(end) {}
  [[nodiscard]] TaskEnd end() const { return end_; }

 private:
  TaskEnd end_;
};

struct TaskOptions {
  std::chrono::nanoseconds timeout{0};  // from submission to the end; 0: --timeout-task
  Priority priority = Priority::normal;
  std::uint32_t retries = 0;  // so often it is run again after its process died in it; an exception
                              // is an answer and no reason to try again
  bool outlives_worker = false;  // it is run though its worker has ended before
};

// A job on its way. Moved, not copied; one thread at a time. One that is destroyed lets the job go
// on: nobody hears of its result, the log of its failure.
class TaskFuture {
 public:
  TaskFuture(const prefork_api& api, prefork_job* job) : api_(&api), job_(job) {}
  TaskFuture(TaskFuture&& other) noexcept
      : api_(other.api_), job_(std::exchange(other.job_, nullptr)) {}
  TaskFuture& operator=(TaskFuture&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(job_, other.job_);
    return *this;
  }
  ~TaskFuture() {
    if (job_ != nullptr) {
      api_->release_job(job_);
    }
  }

  // On the pool, or another thread that may wait. `refused` on the event loop and within the
  // function of submit_then(), with a line in the log.
  [[nodiscard]] Waited wait(Timeout timeout) const {
    return detail::to_waited(api_->wait_job(job_, detail::to_ns(timeout)));
  }
  // `none`: it has not ended.
  [[nodiscard]] TaskEnd end() const { return look().first; }
  // Waits for the result, which is copied. Throws TaskError when there is none.
  [[nodiscard]] std::string get() const {
    if (api_->wait_job(job_, UINT64_MAX) == PREFORK_REFUSED) {
      throw TaskError(TaskEnd::none, "a task must not be waited for here; see the log");
    }
    const auto [end, bytes] = look();
    if (end != TaskEnd::done) {
      throw TaskError(end, std::string(bytes));
    }
    return std::string(bytes);
  }
  // One that waits is not run any more; of one that runs the result is dropped, and it goes on.
  void cancel() const { api_->cancel_job(job_); }

 private:
  std::pair<TaskEnd, std::string_view> look() const {
    prefork_job_end end{};
    prefork_text bytes{};
    if (api_->get_job(job_, &end, &bytes) != PREFORK_OK) {
      return {TaskEnd::none, {}};
    }
    return {static_cast<TaskEnd>(end), detail::view(bytes)};
  }

  const prefork_api* api_;
  prefork_job* job_;
};

// What there is of a job that has ended.
class TaskResult {
 public:
  TaskResult(TaskEnd end, std::string_view bytes) : end_(end), bytes_(bytes) {}
  [[nodiscard]] TaskEnd end() const { return end_; }
  [[nodiscard]] bool is_done() const { return end_ == TaskEnd::done; }
  // Ends with the call it came with. Throws TaskError when there is none.
  [[nodiscard]] std::string_view get() const {
    if (!is_done()) {
      throw TaskError(end_, std::string(bytes_));
    }
    return bytes_;
  }
  // Empty for one that is done.
  [[nodiscard]] std::string_view reason() const { return is_done() ? std::string_view() : bytes_; }

 private:
  TaskEnd end_;
  std::string_view bytes_;
};

// Submits tasks, from any thread of a worker; never waits but in map(). Copied freely.
class Tasks {
 public:
  // Called once, on a thread of the worker that does nothing else: it may block for a while, but
  // further results wait for it; or before submit_then() returns, when the job is
  // refused. What it
  // throws is logged.
  using Then = std::function<void(const TaskResult& result)>;

  // Both outlive it.
  Tasks(const prefork_api& api, prefork_app* app) : api_(&api), app_(app) {}

  [[nodiscard]] TaskFuture submit(std::string_view task, std::string_view argument,
                                  const TaskOptions& options = {}) const {
    prefork_task_order order = to_order(task, argument, options);
    prefork_job* job = nullptr;
    if (api_->submit_task(app_, &order, &job) != PREFORK_OK) {
      throw std::runtime_error("the server does not take such tasks");
    }
    return {*api_, job};
  }
  // For those who cannot wait, as deferred handlers: `then` sends the response.
  void submit_then(std::string_view task, std::string_view argument, Then then,
                   const TaskOptions& options = {}) const {
    prefork_task_order order = to_order(task, argument, options);
    auto call = std::make_unique<Call>(Call{api_, app_, std::move(then)});
    order.done = [](void* user_data, prefork_job_end end, prefork_text bytes) {
      const std::unique_ptr<Call> mine(static_cast<Call*>(user_data));
      mine->make(TaskResult(static_cast<TaskEnd>(end), detail::view(bytes)));
    };
    order.user_data = call.get();
    if (api_->submit_task(app_, &order, nullptr) == PREFORK_OK) {
      call.release();
    }
  }
  // For the layer below.
  static prefork_task_order to_order(std::string_view task, std::string_view argument,
                                     const TaskOptions& options) {
    prefork_task_order order{};
    order.size = sizeof order;
    order.task = detail::text(task);
    order.argument = detail::text(argument);
    order.timeout_ns =
        options.timeout.count() > 0 ? static_cast<std::uint64_t>(options.timeout.count()) : 0;
    order.priority = options.priority == Priority::high  ? PREFORK_HIGH
                     : options.priority == Priority::low ? PREFORK_LOW
                                                         : PREFORK_NORMAL;
    order.retries = options.retries;
    order.outlives_worker = options.outlives_worker ? 1 : 0;
    return order;
  }
  // One job for each argument; the results in their order. Waits for all of them, so not on the
  // event loop; at most `at_once` are under way. Throws the TaskError of the first, in their order,
  // that has no result; the others are cancelled.
  [[nodiscard]] std::vector<std::string> map(std::string_view task,
                                             const std::vector<std::string>& arguments,
                                             const TaskOptions& options = {},
                                             std::size_t at_once = 16) const {
    std::vector<std::string> results;
    std::deque<TaskFuture> under_way;
    try {
      for (const std::string& argument : arguments) {
        if (under_way.size() >= (at_once == 0 ? 1 : at_once)) {
          results.push_back(under_way.front().get());
          under_way.pop_front();
        }
        under_way.push_back(submit(task, argument, options));
      }
      for (; !under_way.empty(); under_way.pop_front()) {
        results.push_back(under_way.front().get());
      }
    } catch (...) {
      for (const TaskFuture& future : under_way) {
        future.cancel();
      }
      throw;
    }
    return results;
  }

 private:
  struct Call {
    const prefork_api* api;
    prefork_app* app;
    Then then;

    void make(const TaskResult& result) const {
      try {
        then(result);
      } catch (const std::exception& error) {
        api->log(app, 3, detail::text(std::string("after a task: ") + error.what()));
      } catch (...) {
        api->log(app, 3, detail::text("after a task: an exception that is no std::exception"));
      }
    }
  };

  const prefork_api* api_;
  prefork_app* app_;
};

// How an application declares its tasks. App derives from it.
class TaskList {
 public:
  // Returns the result; what it throws is the reason why there is none. In a task process, on one
  // thread.
  using TaskHandler = std::function<std::string(std::string_view argument)>;

  // A name has letters, digits and _ . : - /, at most 47 characters; there are at most 64 tasks.
  // Throws std::invalid_argument, which says why, and std::runtime_error when the server is too
  // old.
  void task(std::string_view name, TaskHandler handler) {
    if (!PREFORK_HAS(&api_, release_job)) {
      throw std::runtime_error("tasks need a newer server than this one");
    }
    if (!handler) {
      throw std::invalid_argument("task '" + std::string(name) + "': the function is none");
    }
    handlers_.push_back(std::make_unique<Handler>(Handler{&api_, std::move(handler)}));
    prefork_task task{};
    task.size = sizeof task;
    task.name = detail::text(name);
    task.handler = [](void* user_data, prefork_text argument, prefork_result* result) {
      static_cast<const Handler*>(user_data)->run(detail::view(argument), result);
    };
    task.user_data = handlers_.back().get();
    if (api_.add_task(app_, &task) != PREFORK_OK) {
      throw std::invalid_argument(std::string(detail::view(api_.get_failure(app_))));
    }
  }
  // To be kept by who submits.
  [[nodiscard]] Tasks tasks() const { return {api_, app_}; }

 protected:
  // Both outlive it.
  TaskList(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  ~TaskList() = default;

 private:
  struct Handler {
    const prefork_api* api;
    TaskHandler function;

    void run(std::string_view argument, prefork_result* result) const {
      try {
        api->set_result(result, detail::text(function(argument)));
      } catch (const std::exception& error) {
        api->set_result_failed(result, detail::text(error.what()));
      } catch (...) {
        api->set_result_failed(result, detail::text("an exception that is no std::exception"));
      }
    }
  };

  const prefork_api& api_;
  prefork_app* app_;
  std::vector<std::unique_ptr<Handler>> handlers_;
};

}  // namespace v1
}  // namespace prefork
