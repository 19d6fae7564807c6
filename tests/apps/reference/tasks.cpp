// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using std::chrono_literals::operator""s;

// TaskList: task, tasks
// Tasks: submit
// TaskFuture: get
void define_task(prefork::App& app) {
  app.task("resize", [](std::string_view picture) {
    return std::string(picture.substr(0, picture.size() / 2));
  });
  const prefork::Tasks tasks = app.tasks();
  app.post("/pictures", [tasks](const prefork::Request& request) {
    return prefork::text(tasks.submit("resize", request.body(), {.timeout = 10s}).get());
  });
}

// TaskFuture: wait, end, cancel
// TaskError: end
prefork::Response wait_for_task(const prefork::Tasks& tasks) {
  const prefork::TaskFuture future = tasks.submit("resize", "a picture");
  if (future.wait(1s) != prefork::Waited::done || future.end() == prefork::TaskEnd::none) {
    future.cancel();
    return prefork::text("it takes too long\n", 503);
  }
  try {
    return prefork::text(future.get());
  } catch (const prefork::TaskError& error) {
    return prefork::text(error.end() == prefork::TaskEnd::crashed ? "it crashed\n" : error.what());
  }
}

// Tasks: submit_then
// TaskResult: end, is_done, get, reason
void answer_with_task(const prefork::Tasks& tasks, prefork::Responder responder) {
  const auto kept = std::make_shared<prefork::Responder>(std::move(responder));
  tasks.submit_then("resize", "a picture", [kept](const prefork::TaskResult& result) {
    kept->send(result.is_done() ? prefork::text(std::string(result.get()))
                                : prefork::text(std::string(result.reason()), 500));
  });
}

// Tasks: map
std::vector<std::string> resize_all(const prefork::Tasks& tasks,
                                    const std::vector<std::string>& pictures) {
  return tasks.map("resize", pictures, {}, 4);  // four at once
}
