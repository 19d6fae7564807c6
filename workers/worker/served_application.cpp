#include "workers/worker/served_application.h"

#include <unistd.h>

#include <atomic>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/options/pool_options.h"
#include "ipc/base/monotonic.h"
#include "server/demo/demo_app.h"
#include "server/files/site.h"

namespace prefork::worker {

namespace {

// As long as it lives, whoever looks at the record sees what the worker is in.
class InHook {
 public:
  InHook(ipc::WorkerRecord& record, ipc::WorkerHook hook) : record_(record) {
    record_.trace.hook.store(hook, std::memory_order_relaxed);
  }
  ~InHook() { record_.trace.hook.store(ipc::WorkerHook::none, std::memory_order_relaxed); }
  InHook(const InHook&) = delete;
  InHook& operator=(const InHook&) = delete;

 private:
  ipc::WorkerRecord& record_;
};

std::vector<std::string> pool_names(const config::Options& options) {
  std::vector<std::string> names;
  for (const config::PoolSpec& spec : config::pool_classes(options)) {
    names.push_back(spec.name);
  }
  return names;
}

}  // namespace

ServedApplication::ServedApplication(const child::ChildContext& context, loop::EventLoop& loop)
    : context_(context),
      cache_limits_(files::StaticCacheLimits::for_this_process()),
      scheduler_(loop, pool_names(context.options)),
      shared_place_{context.segment, context.id, context.leadership, context.shared} {
  const config::Options& options = context.options;
  switch (options.target.kind) {
    case config::ServeTarget::Kind::folder:
      application_ = files::make_static_site(
          {options.target.path, options.proxies.root_path, options.files.index,
           options.files.listing, options.files.spa, options.files.cache_control},
          cache_limits_);
      break;
    case config::ServeTarget::Kind::application:
      load();
      break;
    case config::ServeTarget::Kind::none:
      application_ = demo::make_demo_app({context.id.slot, ::getpid(), context.generation,
                                          options.demo.crash, context.statistics_url});
      break;
  }
  if (context.on_demand.kept != nullptr) {
    keeper_ = std::make_unique<RequestKeeper>(*served(), *context.on_demand.kept, context.id);
  }
}

void ServedApplication::load() {
  loaded_ = std::make_unique<loading::LoadedApplication>(context_);
  native_ = &loaded_->get();
  if (context_.options.development.reload) {
    native_->show_failures();
  }
  const std::vector<std::string> unknown = native_->assign_pools(pool_names(context_.options));
  if (!unknown.empty() && context_.id.slot == 0) {
    context_.log.warning("no --pool has the class that " + unknown.front() + " names" +
                         (unknown.size() > 1
                              ? " (and " + std::to_string(unknown.size() - 1) + " more routes)"
                              : "") +
                         "; it runs with the threads of --threads");
  }
  try {
    native_->enter_worker(shared_place_, scheduler_, context_.options.proxies.root_path,
                          cache_limits_);
  } catch (const std::runtime_error& error) {
    throw loading::ApplicationFailed(error.what());
  }
}

std::uint32_t ServedApplication::cached_files() const {
  const bool serves_files = context_.options.target.kind == config::ServeTarget::Kind::folder ||
                            (native_ != nullptr && native_->serves_files());
  return serves_files ? static_cast<std::uint32_t>(cache_limits_.open_files) : 0;
}

void ServedApplication::start() {
  if (native_ == nullptr) {
    return;
  }
  make_task_client();
  const InHook hook(record(), ipc::WorkerHook::start);
  if (const auto started = native_->start_worker(about_this_worker()); !started.ok()) {
    throw std::runtime_error("the application does not let this worker start: " +
                             started.problem().text);
  }
}

void ServedApplication::make_task_client() {
  if (context_.tasks == nullptr || !native_->has_tasks()) {
    return;
  }
  task_client_ = std::make_unique<native::TaskClient>(
      native::TaskClient::Place{*context_.tasks, ipc::TaskBoard::channel_of(context_.id),
                                context_.generation, ipc::to_ns(context_.options.tasks.timeout)},
      [this](config::LogLevel level, std::string_view line) { context_.log.write(level, line); });
  native_->set_task_client(task_client_.get());
}

void ServedApplication::on_tick() {
  if (native_ != nullptr && !is_drained_ && !context_.leadership.is_held() &&
      context_.leadership.try_take()) {
    const InHook hook(record(), ipc::WorkerHook::lead);
    native_->lead(about_this_worker());
  }
}

void ServedApplication::drain() {
  if (native_ != nullptr && !std::exchange(is_drained_, true)) {
    const InHook hook(record(), ipc::WorkerHook::drain);
    native_->drain(about_this_worker());
    // What the leader does alone has ended with that: another one may begin.
    context_.leadership.give_up();
  }
}

bool ServedApplication::stop() {
  if (native_ == nullptr) {
    return false;
  }
  if (task_client_ != nullptr) {
    task_client_->stop();
  }
  const InHook hook(record(), ipc::WorkerHook::stop);
  native_->stop_worker(about_this_worker());
  return true;
}

prefork_worker ServedApplication::about_this_worker() const {
  prefork_worker worker{};
  worker.size = sizeof worker;
  worker.slot = context_.id.slot;
  worker.workers = context_.options.processes.workers;
  worker.generation = context_.generation;
  worker.restarts = context_.segment.notes(context_.id.slot).restarts.load();
  worker.pid = ::getpid();
  return worker;
}

}  // namespace prefork::worker
