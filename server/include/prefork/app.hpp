// What an application for prefork-server is written with: C++20, header only, nothing but the
// standard library. This is the App; each other noun has a header of its own, which this one
// includes. Each worker process loads the application for itself, or has it from its fork server
// (--preload), so what PREFORK_APP makes and its handlers capture is that worker's own; handlers on
// the pool run on several threads at once.
//
//   #include <prefork/app.hpp>
//
//   PREFORK_APP(app) {
//     app.get("/", [](const prefork::Request&) { return prefork::text("Hello, World!\n"); });
//   }
//
// Exceptions of a handler become a 500 and a line in the log; of PREFORK_APP, on_load and
// on_worker_start, the reason why the worker does not start. A function that is handed in and is
// none (an empty std::function, a null pointer) is refused with std::invalid_argument.
//
// Which thread may call what: everything that defines the application (all but setting(), log(),
// is_leader() and leader_token()) belongs into PREFORK_APP, which one thread runs; afterwards the
// App does not change. What is handed in, functions and texts, is copied or moved and lives as long
// as the App, which is until the process ends, or with --preload until no worker of its generation
// is left. So handlers may capture &app, for these four: it outlives them.
#pragma once

#include <prefork/cxx20.hpp>

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
#include <prefork/around.hpp>
#include <prefork/await.hpp>
#include <prefork/cookie.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/cors.hpp>
#include <prefork/error.hpp>
#include <prefork/error_pages.hpp>
#include <prefork/events.hpp>
#include <prefork/folder.hpp>
#include <prefork/group.hpp>
#include <prefork/hooks.hpp>
#include <prefork/jobs.hpp>
#include <prefork/log.hpp>
#include <prefork/metrics.hpp>
#include <prefork/quote.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>
#include <prefork/route.hpp>
#include <prefork/route_list.hpp>
#include <prefork/route_table.hpp>
#include <prefork/run_on.hpp>
#include <prefork/security_headers.hpp>
#include <prefork/settings.hpp>
#include <prefork/sharing.hpp>
#include <prefork/streams.hpp>
#include <prefork/tasks.hpp>
#include <prefork/topics.hpp>
#include <prefork/worker.hpp>

namespace prefork {
inline namespace v1 {

// What workers share is declared as told in sharing.hpp, what task processes do as in tasks.hpp,
// and what is done again and again as in jobs.hpp; pages of errors are for error_pages.hpp.
class App : public RouteList<App>,
            public Sharing,
            public TaskList,
            public JobList,
            public Settings,
            public ErrorPages {
 public:
  // The base forms of what RouteList takes: for those who keep functions before they hand them in.
  using Handler = std::function<Response(const Request&)>;
  using DeferredHandler = std::function<void(Request, Responder)>;
  using Before = std::function<std::optional<Response>(const Request&)>;  // nothing: go on
  using After = std::function<void(const Request&, Response&)>;
  using OnError = std::function<Response(const Request&, const std::exception&)>;
  // Called on the worker's main thread, in the order they were added, those of on_worker_stop in
  // the reverse order. An exception is logged as an error; in on_worker_start it keeps the worker
  // from starting.
  using Hook = Hooks::Hook;

  // For load(). Both outlive it.
  App(const prefork_api& api, prefork_app* app)
      : Sharing(api, app),
        TaskList(api, app),
        JobList(api, app),
        Settings(api, app),
        ErrorPages(api, app),
        api_(api),
        app_(app),
        table_(api, app) {}

  // For the layer below.
  RouteTable& table() { return table_; }
  Place& place() { return table_.root(); }

  // Once, when everything is defined: in the fork server with --preload, before it forks, else in
  // each worker. Threads must not be left running; files that are open are open in each worker
  // then, with one position for all. Throws what PREFORK_APP may throw.
  App& on_load(std::function<void()> function) {
    on_load_.push_back(checked(std::move(function), "on_load()"));
    return *this;
  }

  // A number that the workers share; see metrics.hpp. A name has letters, digits and underscores,
  // no digit in front, and at most 47 characters; an application has at most 32 numbers. /stats
  // shows it for each worker and in the totals. Throws std::invalid_argument.
  Counter counter(std::string_view name) { return declare<Counter>(PREFORK_COUNTER, name); }
  Gauge gauge(std::string_view name) { return declare<Gauge>(PREFORK_GAUGE, name); }

  // How values are spread, for /metrics: `app_payment_seconds_bucket` and so on. A name as above;
  // `steps`: 1 to 20, each larger than the one before; without any, times in seconds from 5 ms to
  // 10 s, as OpenTelemetry has them. At most 16. A server that is too old has none: nothing is
  // counted. Throws std::invalid_argument.
  Histogram histogram(std::string_view name, std::vector<double> steps = {}) {
    if (steps.empty()) {
      steps = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
    }
    std::uint32_t histogram = 0;
    if (PREFORK_HAS(&api_, declare_histogram) &&
        api_.declare_histogram(app_, detail::text(name), steps.data(), steps.size(), &histogram) !=
            PREFORK_OK) {
      throw refusal();
    }
    return Histogram(api_, app_, histogram);
  }

  // A thing of each worker's own. `make` is called at the worker's start; what it throws keeps the
  // worker from starting, and so does null. Things are made in the order they were declared, among
  // the on_worker_start hooks, and destroyed in the reverse order among the on_worker_stop hooks.
  //
  //   auto database = app.per_worker<Database>([](const Worker& worker) {
  //     return std::make_unique<Database>(worker.slot); });
  template <typename Thing, typename Make>
  PerWorker<Thing> per_worker(Make make) {
    auto maker = checked(std::function<std::unique_ptr<Thing>(const Worker&)>(std::move(make)),
                         "per_worker()");
    PerWorker<Thing> mine;
    on_worker_start(
        [mine, maker = std::move(maker)](const Worker& worker) { mine.fill(maker(worker)); });
    on_worker_stop([mine](const Worker&) { mine.empty(); });
    return mine;
  }

  // `function` gets what is published in the topic, in each worker, from its start to its stop: on
  // a thread that does nothing else, one message at a time, in their order. What it throws is
  // logged. Throws std::invalid_argument.
  App& subscribe(const Topic& topic, std::function<void(const Message&)> function);

  // Exactly one worker leads: for what has to be done once and not by each. Called on the event
  // loop of the one that has become it; it leads until it drains (on_drain) or dies, then another
  // does.
  App& on_lead(Hook hook) {
    on_lead_.add(checked(std::move(hook), "on_lead()"));
    return *this;
  }
  // Any thread, any time; false outside of a worker. It may be another's turn right afterwards.
  [[nodiscard]] bool is_leader() const { return api_.is_leader(app_) != 0; }
  // A number that is larger with each new leader, for those to whom the leader gives orders (a
  // database, a map of the workers): they refuse one that is smaller than they have seen, as it
  // comes from a leader that does not know yet that it is none. 0: this worker is not the leader,
  // or the server is older than the function.
  [[nodiscard]] std::uint64_t leader_token() const {
    return PREFORK_HAS(&api_, leader_token) ? api_.leader_token(app_) : 0;
  }

  // Before the worker accepts anything.
  App& on_worker_start(Hook hook) {
    on_start_.add(checked(std::move(hook), "on_worker_start()"));
    return *this;
  }
  // The worker takes no new connections any more; on the event loop, which goes on afterwards.
  App& on_drain(Hook hook) {
    on_drain_.add(checked(std::move(hook), "on_drain()"));
    return *this;
  }
  // The last handler has returned. Afterwards the process ends as by exit(3): static objects of the
  // application are destroyed, its atexit handlers run, streams of <cstdio> are flushed. Threads
  // that it still has must not use any of these then. Nothing of all this happens in a worker that
  // crashes, is killed or could not start, nor in the master.
  App& on_worker_stop(Hook hook) {
    on_stop_.add(checked(std::move(hook), "on_worker_stop()"));
    return *this;
  }

  // One line in the server's log, with the worker's name; any thread, any time. Line ends in it are
  // escaped.
  void log(LogLevel level, std::string_view line) const {
    api_.log(app_, static_cast<int>(level), detail::text(line));
  }

  // For PREFORK_APP. Once loaded, an application lives until the server lets it go (unload).
  template <typename Define>
  static int load(const prefork_api* api, prefork_app* native, Define define) {
    try {
      auto app = std::make_unique<App>(*api, native);
      define(*app);
      for (const std::function<void()>& function : app->on_load_) {
        function();
      }
      app->table_.register_around();
      app->register_hooks();
      app.release();
      return 0;
    } catch (const std::exception& error) {
      api->fail(native, detail::text(error.what()));
    } catch (...) {
      api->fail(native, detail::text("an exception that is no std::exception"));
    }
    return 1;
  }

 private:
  template <typename Function>
  static Function checked(Function function, const std::string& what) {
    if (!function) {
      throw std::invalid_argument(what + ": the function is none");
    }
    return function;
  }
  // The server has noted what is wrong.
  std::invalid_argument refusal() const {
    return std::invalid_argument(PREFORK_HAS(&api_, get_failure)
                                     ? std::string(detail::view(api_.get_failure(app_)))
                                     : std::string());
  }
  template <typename Number>
  Number declare(prefork_number_kind kind, std::string_view name) {
    std::uint32_t number = 0;
    if (api_.declare_number(app_, kind, detail::text(name), &number) != PREFORK_OK) {
      throw refusal();
    }
    return Number(api_, app_, number);
  }
  void register_hooks();
  Hooks::Report error_log() const {
    return [this](std::string_view line) { log(LogLevel::error, line); };
  }
  static Worker to_worker(const prefork_worker& worker) {
    return {worker.slot, worker.workers, worker.generation, worker.restarts, worker.pid};
  }

  const prefork_api& api_;
  prefork_app* app_;
  RouteTable table_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::vector<std::function<void()>> on_load_;
  Hooks on_start_;
  Hooks on_lead_;
  Hooks on_drain_;
  Hooks on_stop_;
};

inline App& App::subscribe(const Topic& topic, std::function<void(const Message&)> function) {
  subscribers_.push_back(std::make_unique<Subscriber>(
      Subscriber{checked(std::move(function), "subscribe()"), error_log()}));
  if (topic.subscribe(Subscriber::handle, subscribers_.back().get()) != PREFORK_OK) {
    throw refusal();
  }
  return *this;
}

inline void App::register_hooks() {
  prefork_hooks hooks{};
  hooks.size = sizeof hooks;
  hooks.worker_start = [](void* self, const prefork_worker* worker) -> int {
    const App& app = *static_cast<const App*>(self);
    try {
      app.on_start_.call(to_worker(*worker));
      detail::EventStreams::of(app.app_).begin();
      app.begin_jobs(false);
      return 0;
    } catch (const std::exception& error) {
      app.api_.fail(app.app_, detail::text(error.what()));
    } catch (...) {
      app.api_.fail(app.app_, detail::text("an exception that is no std::exception"));
    }
    return 1;
  };
  hooks.drain = [](void* self, const prefork_worker* worker) {
    const App& app = *static_cast<const App*>(self);
    app.stop_leaders_jobs();
    detail::EventStreams::of(app.app_).end();
    app.on_drain_.call_each(to_worker(*worker), app.error_log());
  };
  hooks.lead = [](void* self, const prefork_worker* worker) {
    const App& app = *static_cast<const App*>(self);
    app.on_lead_.call_each(to_worker(*worker), app.error_log());
    app.begin_jobs(true);
  };
  hooks.unload = [](void* self) { delete static_cast<App*>(self); };
  hooks.worker_stop = [](void* self, const prefork_worker* worker) {
    const App& app = *static_cast<const App*>(self);
    app.on_stop_.call_each_backwards(to_worker(*worker), app.error_log());
  };
  api_.set_hooks(app_, &hooks, this);
}

}  // namespace v1
}  // namespace prefork

// Defines the application: a function that gets a prefork::App& and fills it.
#define PREFORK_APP(app)                                                                    \
  extern "C" {                                                                              \
  extern PREFORK_EXPORT const uint32_t prefork_abi_version;                                 \
  const uint32_t prefork_abi_version = PREFORK_ABI_VERSION;                                 \
  }                                                                                         \
  static void prefork_define_app(::prefork::App& app);                                      \
  extern "C" PREFORK_EXPORT int prefork_load(const prefork_api* api, prefork_app* native) { \
    return ::prefork::App::load(api, native, prefork_define_app);                           \
  }                                                                                         \
  static void prefork_define_app(::prefork::App& app)
