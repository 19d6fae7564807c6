#include "server/native/native_tasks.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "ipc/base/forked.h"
#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/native_text.h"
#include "server/native/running_function.h"

// What a task makes: on the stack of the one who calls its handler.
struct prefork_result {
  prefork::native::TaskOutcome outcome;
};

// What an application has of a job.
struct prefork_job {
  prefork_app* app = nullptr;
  std::shared_ptr<prefork::native::SubmittedTask> task;
};

namespace prefork::native {

namespace {

using ipc::JobEnd;

constexpr std::size_t kMaxTasks = 64;

bool is_task_name(std::string_view name) {
  static constexpr std::string_view kMore = "_.:-/";
  return !name.empty() && name.size() <= ipc::kMaxTaskNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kMore.find(c) != kMore.npos;
         });
}

std::string find_fault(const prefork_app* app, const prefork_task* task) {
  const std::string_view name = to_view(task->name);
  if (app->is_loaded) {
    return "tasks are declared while the application is loaded";
  }
  if (task->size < sizeof *task || task->handler == nullptr) {
    return "it has no handler";
  }
  if (!is_task_name(name)) {
    return "a name has letters, digits and _ . : - /, at most " +
           std::to_string(ipc::kMaxTaskNameBytes);
  }
  if (app->tasks.list.size() == kMaxTasks) {
    return "there are " + std::to_string(kMaxTasks) + " already";
  }
  return app->tasks.list.contains(name) ? "declared twice" : "";
}

prefork_status add_task(prefork_app* app, const prefork_task* task) {
  const std::string fault = find_fault(app, task);
  if (!fault.empty()) {
    app->failure = "task '" + std::string(to_view(task->name)) + "': " + fault;
    return PREFORK_WRONG;
  }
  app->tasks.list.emplace(to_view(task->name), NativeTask{task->handler, task->user_data});
  return PREFORK_OK;
}

void set_result(prefork_result* result, prefork_text bytes) {
  result->outcome = {JobEnd::done, std::string(to_view(bytes))};
}

void set_result_failed(prefork_result* result, prefork_text what) {
  result->outcome = {JobEnd::failed, std::string(to_view(what))};
}

SubmittedTask::Done to_done(const prefork_task_order& order) {
  if (order.done == nullptr) {
    return nullptr;
  }
  return [done = order.done, user_data = order.user_data](const TaskOutcome& outcome) {
    done(user_data, static_cast<prefork_job_end>(outcome.end), to_text(outcome.bytes));
    ipc::end_copy();
  };
}

ipc::JobPriority to_job_priority(prefork_priority priority) {
  return priority == PREFORK_HIGH  ? ipc::JobPriority::high
         : priority == PREFORK_LOW ? ipc::JobPriority::low
                                   : ipc::JobPriority::normal;
}

std::shared_ptr<SubmittedTask> refuse(const prefork_task_order& order, std::string why) {
  auto task = std::make_shared<SubmittedTask>();
  task->outcome = {JobEnd::refused, std::move(why)};
  if (const SubmittedTask::Done done = to_done(order)) {
    done(task->outcome);
  }
  return task;
}

std::shared_ptr<SubmittedTask> submit(prefork_app* app, const prefork_task_order& order) {
  const std::string_view name = to_view(order.task);
  if (app->tasks.client == nullptr) {
    return refuse(order,
                  "there are no task processes here: --task-workers is 0, or this is no "
                  "worker");
  }
  if (!app->tasks.list.contains(name)) {
    return refuse(order, "the application has no task '" + std::string(name) + "'");
  }
  return app->tasks.client->submit({name, to_view(order.argument), order.timeout_ns,
                                    to_job_priority(order.priority), order.retries,
                                    order.outlives_worker != 0, to_done(order)});
}

prefork_status submit_task(prefork_app* app, const prefork_task_order* order, prefork_job** job) {
  if (order->size < sizeof *order) {
    return PREFORK_WRONG;
  }
  auto task = submit(app, *order);
  if (job != nullptr) {
    *job = new prefork_job{app, std::move(task)};
  }
  return PREFORK_OK;
}

prefork_status wait_job(prefork_job* job, std::uint64_t timeout_ns) {
  TaskClient* const client = job->app->tasks.client;
  if (client == nullptr) {
    return PREFORK_OK;  // it was refused
  }
  if (timeout_ns != 0 && (is_loop_thread() || client->is_own_thread())) {
    job->app->report(
        config::LogLevel::error,
        name_of_running_function() + " wanted to wait for a task on " +
            (is_loop_thread() ? "the event loop" : "the thread that collects results") +
            ", where everything else would wait with it: it was refused; let it run "
            "on the pool, or be called when the task has ended");
    return PREFORK_REFUSED;
  }
  return client->wait(*job->task, timeout_ns) ? PREFORK_OK : PREFORK_TIMEOUT;
}

prefork_status get_job(prefork_job* job, prefork_job_end* end, prefork_text* bytes) {
  TaskClient* const client = job->app->tasks.client;
  if (client != nullptr && !client->wait(*job->task, 0)) {
    return PREFORK_TIMEOUT;
  }
  // It does not change any more.
  *end = static_cast<prefork_job_end>(job->task->outcome.end);
  *bytes = to_text(job->task->outcome.bytes);
  return PREFORK_OK;
}

void cancel_job(prefork_job* job) {
  if (TaskClient* const client = job->app->tasks.client) {
    client->cancel(*job->task);
  }
}

void release_job(prefork_job* job) { delete job; }

}  // namespace

void add_task_functions(prefork_api& api) {
  api.add_task = add_task;
  api.set_result = set_result;
  api.set_result_failed = set_result_failed;
  api.submit_task = submit_task;
  api.wait_job = wait_job;
  api.get_job = get_job;
  api.cancel_job = cancel_job;
  api.release_job = release_job;
}

TaskOutcome run_task(const NativeTasks& tasks, std::string_view name, std::string_view argument) {
  const auto found = tasks.list.find(name);
  if (found == tasks.list.end()) {
    return {JobEnd::refused,
            "the application of the process that took it has no task '" + std::string(name) + "'"};
  }
  const RunningFunction here(found->first);
  prefork_result result{{JobEnd::done, ""}};
  found->second.handler(found->second.user_data, {argument.data(), argument.size()}, &result);
  ipc::end_copy();
  return std::move(result.outcome);
}

}  // namespace prefork::native
