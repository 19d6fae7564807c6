#include "workers/master/reloader.h"

#include <algorithm>
#include <utility>

#include "workers/master/narrator.h"

namespace prefork::master {

Reloader::Reloader(std::vector<std::string> arguments, config::Environment environment, Tell tell)
    : arguments_(std::move(arguments)),
      environment_(std::move(environment)),
      working_folder_(environment_),
      tell_(std::move(tell)) {}

config::Result<SharedPlan, Problems> Reloader::make_plan(const Present& present) const {
  working_folder_.follow();
  config::Loaded loaded = config::load_options(arguments_, environment_, config::LoadPhase::reload);
  if (loaded.action != config::Action::run) {
    Problems problems;
    for (const config::ConfigError& error : loaded.errors) {
      problems.push_back({error.source + ": " + error.message});
    }
    return problems;
  }
  config::Options& options = loaded.options;
  // As many as there is room for, as when the CPUs have changed meanwhile.
  if (options.processes.workers_auto) {
    options.processes.workers = std::min(options.processes.workers, present.slot_capacity);
  }
  if (options.processes.workers > present.slot_capacity) {
    return Problems{{too_many_workers(options.processes.workers, present.slot_capacity)}};
  }
  if (options.control != present.plan.options.control) {
    tell_(config::LogLevel::warning, kControlStaysAsItIs);
    options.control = present.plan.options.control;
  }
  if (!options.control.is_on &&
      options.admin.address.has_value() != present.plan.options.admin.address.has_value()) {
    tell_(config::LogLevel::warning, kObserverStaysAsItIs);
    options.admin = present.plan.options.admin;
  }
  const config::TaskOptions& tasks = present.plan.options.tasks;
  if (options.tasks.workers != tasks.workers || options.tasks.queue != tasks.queue ||
      options.tasks.bytes != tasks.bytes) {
    tell_(config::LogLevel::warning, kTasksStayAsTheyAre);
    options.tasks = {tasks.workers, tasks.queue, tasks.bytes, options.tasks.timeout};
  }
  if (!options.logging.keep_requests.empty() &&
      present.plan.options.logging.keep_requests.empty()) {
    tell_(config::LogLevel::warning, kKeepingTakesARestart);
    options.logging.keep_requests.clear();
  }
  if (options.tracing.mode == config::TraceMode::otlp &&
      present.plan.options.tracing.mode != config::TraceMode::otlp) {
    tell_(config::LogLevel::warning, kSpansTakeARestart);
    options.tracing.mode = config::TraceMode::propagate;
  }
  auto plan = make_serving_plan(options, present.living);
  if (!plan.ok()) {
    return Problems{{plan.problem().message}};
  }
  return std::move(plan).value();
}

}  // namespace prefork::master
