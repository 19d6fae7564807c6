// What task processes do, one task for each thing that can happen to one.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <prefork/app.hpp>

namespace {

// Waits until the file is there, whose name it gets.
std::string wait_for_file(std::string_view path) {
  while (::access(std::string(path).c_str(), F_OK) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::to_string(::getpid());
}

std::string to_text(prefork::TaskEnd end) {
  switch (end) {
    case prefork::TaskEnd::none:
      return "none";
    case prefork::TaskEnd::done:
      return "done";
    case prefork::TaskEnd::failed:
      return "failed";
    case prefork::TaskEnd::crashed:
      return "crashed";
    case prefork::TaskEnd::timed_out:
      return "timed out";
    case prefork::TaskEnd::cancelled:
      return "cancelled";
    case prefork::TaskEnd::refused:
      return "refused";
    case prefork::TaskEnd::dropped:
      return "dropped";
  }
  return "?";
}

// 0 when it is not there.
unsigned number_of(const prefork::Request& request, std::string_view name) {
  return static_cast<unsigned>(std::stoul(request.query(name).value_or("0")));
}

prefork::TaskOptions options_of(const prefork::Request& request) {
  prefork::TaskOptions options;
  options.timeout = std::chrono::milliseconds(number_of(request, "timeout"));
  options.retries = number_of(request, "retries");
  options.outlives_worker = number_of(request, "outlives") != 0;
  return options;
}

// "done: RESULT", or how it ended and why.
prefork::Response answer(prefork::TaskEnd end, std::string_view text) {
  return prefork::text(to_text(end) + ": " + std::string(text) + "\n");
}

prefork::Response run(const prefork::Tasks& tasks, const prefork::Request& request) {
  try {
    return answer(
        prefork::TaskEnd::done,
        tasks.submit(request.parameter("task"), request.body(), options_of(request)).get());
  } catch (const prefork::TaskError& error) {
    return answer(error.end(), error.what());
  }
}

void declare_tasks(prefork::App& app, const prefork::Atomic& begun) {
  app.task("reverse",
           [](std::string_view text) { return std::string(text.rbegin(), text.rend()); });
  app.task("pid", [](std::string_view) { return std::to_string(::getpid()); });
  app.task("throw",
           [](std::string_view why) -> std::string { throw std::runtime_error(std::string(why)); });
  app.task("crash", [](std::string_view) -> std::string { std::abort(); });
  app.task("fork", [](std::string_view) { return ::fork() == 0 ? "the copy" : "the task"; });
  app.task("exit", [](std::string_view) -> std::string { ::_exit(7); });
  app.task("grow",
           [](std::string_view size) { return std::string(std::stoul(std::string(size)), 'x'); });
  app.task("wait", [begun](std::string_view path) {
    begun.add(1);
    return wait_for_file(path);
  });
  // Crashes once, as the file tells, which it makes.
  app.task("crash-once", [](std::string_view path) -> std::string {
    const std::string file(path);
    if (::access(file.c_str(), F_OK) != 0) {
      std::fclose(std::fopen(file.c_str(), "w"));
      std::abort();
    }
    return "at last";
  });
}

}  // namespace

PREFORK_APP(app) {
  const prefork::Atomic begun = app.atomic("begun");
  declare_tasks(app, begun);
  const prefork::Tasks tasks = app.tasks();
  app.get("/pid",
          [](const prefork::Request&) { return prefork::text(std::to_string(::getpid())); });
  app.get("/begun",
          [begun](const prefork::Request&) { return prefork::text(std::to_string(begun.get())); });
  app.post("/run/{task}", [tasks](const prefork::Request& request) { return run(tasks, request); });
  app.post("/loop/{task}", prefork::on_loop,
           [tasks](const prefork::Request& request) { return run(tasks, request); });
  app.post(
      "/later/{task}", prefork::deferred,
      [tasks](const prefork::Request& request, prefork::Responder responder) {
        auto kept = std::make_shared<prefork::Responder>(std::move(responder));
        tasks.submit_then(
            request.parameter("task"), request.body(),
            [kept](const prefork::TaskResult& result) {
              kept->send(answer(result.end(), result.is_done() ? result.get() : result.reason()));
            },
            options_of(request));
      });
  // Nobody waits.
  app.post("/send/{task}", [tasks](const prefork::Request& request) {
    static_cast<void>(tasks.submit(request.parameter("task"), request.body(), options_of(request)));
    return prefork::text("sent\n");
  });
  app.post("/cancel/{task}", [tasks](const prefork::Request& request) {
    const prefork::TaskFuture future =
        tasks.submit(request.parameter("task"), request.body(), options_of(request));
    static_cast<void>(future.wait(std::chrono::milliseconds(number_of(request, "after"))));
    future.cancel();
    return answer(future.end(), "");
  });
  // The words of the content, each by a job.
  app.post("/map/{task}", [tasks](const prefork::Request& request) {
    std::vector<std::string> words(1);
    for (const char c : request.body()) {
      if (c == ' ') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    std::string text;
    for (const std::string& result : tasks.map(request.parameter("task"), words)) {
      text += result + " ";
    }
    return prefork::text(text);
  });
}
