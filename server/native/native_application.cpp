#include "server/native/native_application.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "ipc/base/forked.h"
#include "server/exchange/job.h"
#include "server/exchange/unrouted.h"
#include "server/native/native_request.h"
#include "server/native/native_response.h"
#include "server/native/native_settings.h"
#include "server/native/running_function.h"
#include "server/native/start_folder.h"

namespace prefork::native {

namespace {

const http::MethodSet kOptionsOnly = [] {
  http::MethodSet methods;
  methods.add(static_cast<http::MethodNumber>(http::Method::options));
  return methods;
}();

// An empty message leaves the one that the server has noted.
void fail(prefork_app* app, prefork_text message) {
  if (message.size != 0) {
    app->failure = to_view(message);
  }
}

prefork_status refuse_route(prefork_app* app, std::string_view why) {
  app->failure = why;
  return PREFORK_WRONG;
}

// The members that came later are missing in one that was built against an older interface.
constexpr std::size_t kLeastRouteSize = offsetof(prefork_route, pool);

prefork_status add_route(prefork_app* app, const prefork_route* given) {
  if (app->is_loaded) {
    return PREFORK_WRONG;
  }
  if (given->size < kLeastRouteSize || given->handler == nullptr) {
    return refuse_route(app, "a route without a handler");
  }
  prefork_route whole{};
  std::memcpy(&whole, given, std::min(given->size, sizeof whole));
  const prefork_route* const route = &whole;
  routing::RouteOptions options;
  options.pool = to_view(route->pool);
  const auto priority = to_priority(route->priority);
  if (!priority) {
    return refuse_route(app, "a route with a priority that does not exist");
  }
  options.priority = *priority;
  options.streams_body = route->streams_body != 0;
  if (route->body_limit != 0) {
    options.body_limit = route->body_limit;
  }
  const prefork_handler handler = route->handler;
  void* const user_data = route->user_data;
  const std::string name =
      std::string(to_view(route->method)) + " " + std::string(to_view(route->pattern));
  config::Result<void> added;
  if (route->run_on == PREFORK_DEFERRED) {
    added = app->router.add_deferred(
        to_view(route->method), to_view(route->pattern), options,
        [app, handler, user_data, name](std::unique_ptr<exchange::Job> job) {
          const RunningFunction here(name);
          defer_native(app, handler, user_data, std::move(job));
        });
  } else {
    options.run_on = route->run_on == PREFORK_LOOP ? exchange::RunOn::loop : exchange::RunOn::pool;
    added = app->router.add(
        to_view(route->method), to_view(route->pattern), options,
        [app, handler, user_data, name](const http::Request& request, http::Response& response) {
          const RunningFunction here(name);
          call_native(app, handler, user_data, request, response);
        });
  }
  return added.ok() ? PREFORK_OK : refuse_route(app, added.problem().text);
}

prefork_status set_not_found(prefork_app* app, const prefork_route* route) {
  if (app->is_loaded || route->size < kLeastRouteSize || route->handler == nullptr) {
    return PREFORK_WRONG;
  }
  app->not_found = [app, handler = route->handler, user_data = route->user_data](
                       const http::Request& request, http::Response& response) {
    call_native(app, handler, user_data, request, response);
  };
  app->not_found_on = route->run_on == PREFORK_LOOP ? exchange::RunOn::loop : exchange::RunOn::pool;
  return PREFORK_OK;
}

prefork_status mount_folder(prefork_app* app, const prefork_mount* mount) {
  if (app->is_loaded || mount->size < sizeof *mount) {
    return PREFORK_WRONG;
  }
  files::StaticSettings settings;
  settings.folder = to_view(mount->folder);
  settings.listing = mount->listing != 0;
  settings.spa = mount->spa != 0;
  if (mount->index.size != 0) {
    settings.index = to_view(mount->index);
  }
  if (mount->cache_control.size != 0) {
    auto rule = config::parse_cache_rule("*=" + std::string(to_view(mount->cache_control)));
    if (!rule.ok()) {
      return refuse_route(app, "Cache-Control: " + rule.problem().text);
    }
    settings.cache_rules.push_back(std::move(rule).value());
  }
  const auto added = app->mounts.add(to_view(mount->prefix), std::move(settings), start_folder());
  return added.ok() ? PREFORK_OK : refuse_route(app, added.problem().text);
}

// One that was built against an older interface has fewer hooks.
void set_hooks(prefork_app* app, const prefork_hooks* hooks, void* user_data) {
  app->hooks = {};
  std::memcpy(&app->hooks, hooks, std::min(hooks->size, sizeof app->hooks));
  app->hooks_user_data = user_data;
}

prefork_status set_around(prefork_app* app, const prefork_around* around, void* user_data) {
  if (app->is_loaded) {
    return PREFORK_WRONG;
  }
  app->around.set(*around, user_data);
  return PREFORK_OK;
}

prefork_text get_failure(prefork_app* app) { return {app->failure.data(), app->failure.size()}; }

void log(prefork_app* app, int level, prefork_text line) {
  constexpr std::array kLevels = {config::LogLevel::debug, config::LogLevel::info,
                                  config::LogLevel::warning, config::LogLevel::error};
  const auto index = static_cast<std::size_t>(std::clamp(level, 0, 3));
  app->report(kLevels[index], to_view(line));
}

prefork_api make_api() {
  prefork_api api{};
  api.size = sizeof api;
  api.version = PREFORK_ABI_VERSION;
  api.add_route = add_route;
  api.set_not_found = set_not_found;
  api.mount_folder = mount_folder;
  api.set_hooks = set_hooks;
  api.fail = fail;
  api.log = log;
  api.get_failure = get_failure;
  api.set_around = set_around;
  add_request_functions(api);
  add_shared_functions(api);
  add_thing_functions(api);
  add_topic_functions(api);
  add_task_functions(api);
  add_response_functions(api);
  add_setting_functions(api);
  add_error_functions(api);
  add_loop_functions(api);
  return api;
}

}  // namespace

std::optional<exchange::Priority> to_priority(prefork_priority priority) {
  switch (priority) {
    case PREFORK_NORMAL:
      return exchange::Priority::normal;
    case PREFORK_HIGH:
      return exchange::Priority::high;
    case PREFORK_LOW:
      return exchange::Priority::low;
  }
  return std::nullopt;
}

const prefork_api& native_api() {
  static const prefork_api kApi = make_api();
  return kApi;
}

config::Result<std::unique_ptr<NativeApplication>> NativeApplication::load(
    const ApplicationFile& file, const config::ApplicationOptions& options,
    prefork_app::Report report) {
  start_folder();  // before the application can go elsewhere
  const auto entry = load_shared_object(file);
  if (!entry.ok()) {
    return entry.problem();
  }
  return load("'" + file.path + "'", entry.value(), options, std::move(report));
}

config::Result<std::unique_ptr<NativeApplication>> NativeApplication::load(
    const std::string& name, const Entry& entry, const config::ApplicationOptions& options,
    prefork_app::Report report) {
  start_folder();
  std::unique_ptr<NativeApplication> application(new NativeApplication);
  application->app_.report = std::move(report);
  application->app_.settings = options.settings;
  int result = 0;
  try {
    result = entry(&native_api(), &application->app_);
  } catch (const std::exception& error) {
    // Against the rules, but the author deserves to be told.
    return config::Problem{name + " threw while it was loaded: " + error.what()};
  } catch (...) {
    return config::Problem{name + " threw something that is no std::exception while it was loaded"};
  }
  ipc::end_copy();
  if (result != 0 || !application->app_.failure.empty()) {
    const std::string& said = application->app_.failure;
    return config::Problem{name + " cannot be loaded: " +
                           (said.empty() ? "it returned " + std::to_string(result) : said)};
  }
  application->app_.is_loaded = true;
  return application;
}

NativeApplication::NativeApplication()
    : around_([this](const http::Request& request, http::Response& response) {
        answer_around(request, response);
      }) {}

NativeApplication::~NativeApplication() {
  listener_.reset();
  if (app_.hooks.unload != nullptr) {
    app_.hooks.unload(app_.hooks_user_data);
  }
}

NativeApplication::Found NativeApplication::find(
    const http::Request& request, exchange::RouteParameters& parameters) const noexcept {
  Found found{app_.router.route(request, parameters)};
  exchange::RouteMatch& match = found.match;
  if (match.has_handler()) {
    found.is_own = true;
    return found;
  }
  if (match.status == 405 && match.allow == kOptionsOnly) {
    // A route for OPTIONS of all paths (CORS) does not say that there is something at each of them.
    match = {};
  }
  const exchange::RouteMatch file = app_.mounts.route(request);
  if (file.has_handler()) {
    match = file;
  } else if (file.status != 404) {
    match.status = file.status;
    match.allow.add(file.allow);
  }
  if (!match.has_handler() && match.status == 404 && app_.not_found) {
    match.handler = &app_.not_found;
    match.run_on = app_.not_found_on;
    found.is_own = true;
  }
  return found;
}

exchange::RouteMatch NativeApplication::route(
    const http::Request& request, exchange::RouteParameters& parameters) const noexcept {
  Found found = find(request, parameters);
  if (!found.is_own && (app_.around.is_set() || app_.errors.has_functions())) {
    // A folder is the loop's. Otherwise nothing needs the loop, and what stands around may block.
    found.match.run_on =
        app_.mounts.covers(request) ? exchange::RunOn::loop : exchange::RunOn::pool;
    found.match.handler = &around_;
  }
  return found.match;
}

void NativeApplication::answer_around(const http::Request& request, http::Response& response) {
  app_.around.answer(app_, request, response,
                     [this](const http::Request& asked, http::Response& answer) {
                       exchange::RouteParameters parameters;
                       const Found found = find(asked, parameters);
                       // What was there may have gone in between; not_found has its own way and its
                       // own thread.
                       if (found.match.handler != nullptr && !found.is_own) {
                         (*found.match.handler)(asked, answer);
                       } else {
                         exchange::answer_unrouted(found.match, answer);
                       }
                     });
}

void NativeApplication::enter_worker(const SharedPlace& place, exchange::Scheduler& scheduler,
                                     const std::string& root_path,
                                     files::StaticCacheLimits limits) {
  app_.mounts.open(root_path, limits);
  bind(app_.numbers, place);
  bind(app_.things, place.table);
  app_.waits = std::make_unique<LoopWaits>(scheduler, app_.things);
}

void NativeApplication::enter_task_process(ipc::SharedTable& table) { bind(app_.things, table); }

TaskOutcome NativeApplication::run_task(std::string_view name, std::string_view argument) const {
  return native::run_task(app_.tasks, name, argument);
}

std::vector<std::string> NativeApplication::assign_pools(const std::vector<std::string>& classes) {
  std::vector<std::string> unknown;
  app_.router.for_each_profile([&](const std::string& route, exchange::JobProfile& profile) {
    if (profile.pool().empty()) {
      return;
    }
    const auto found = std::find(classes.begin(), classes.end(), profile.pool());
    if (found == classes.end()) {
      unknown.push_back(route + " (" + profile.pool() + ")");
    } else {
      profile.set_class_index(static_cast<std::uint32_t>(found - classes.begin()));
    }
  });
  return unknown;
}

config::Result<void> NativeApplication::start_worker(const prefork_worker& worker) {
  app_.failure.clear();
  const int result = app_.hooks.worker_start != nullptr
                         ? app_.hooks.worker_start(app_.hooks_user_data, &worker)
                         : 0;
  ipc::end_copy();
  if (result == 0) {
    if (!app_.subscriptions.empty()) {
      listener_ = std::make_unique<TopicListener>(app_.things, app_.subscriptions);
    }
    set_loop_thread(true);  // this one, from now on
    return {};
  }
  return config::Problem{app_.failure.empty() ? "worker_start returned " + std::to_string(result)
                                              : app_.failure};
}

void NativeApplication::lead(const prefork_worker& worker) {
  static const std::string kName = "the hook lead";
  const RunningFunction here(kName);
  if (app_.hooks.lead != nullptr) {
    app_.hooks.lead(app_.hooks_user_data, &worker);
    ipc::end_copy();
  }
}

void NativeApplication::drain(const prefork_worker& worker) {
  static const std::string kName = "the hook drain";
  const RunningFunction here(kName);
  if (app_.hooks.drain != nullptr) {
    app_.hooks.drain(app_.hooks_user_data, &worker);
    ipc::end_copy();
  }
}

void NativeApplication::stop_worker(const prefork_worker& worker) {
  set_loop_thread(false);
  // What it calls may need what the hooks take away.
  listener_.reset();
  exchange::Scheduler& scheduler = app_.waits->scheduler();
  scheduler.settle();
  app_.waits->end_all();
  scheduler.end();
  if (app_.hooks.worker_stop != nullptr) {
    app_.hooks.worker_stop(app_.hooks_user_data, &worker);
    ipc::end_copy();
  }
}

}  // namespace prefork::native
