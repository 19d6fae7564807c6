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
// on_worker_start, the reason why the worker does not start.
//
// Which thread may call what: everything that defines the application (all but log() and
// is_leader()) belongs into PREFORK_APP, which one thread runs; afterwards the App does not change.
// What is handed in, functions and texts, is copied or moved and lives as long as the App, which is
// until the process ends, or with --preload until no worker of its generation is left.
#pragma once

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
#include <prefork/folder.hpp>
#include <prefork/log.hpp>
#include <prefork/metrics.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>
#include <prefork/run_on.hpp>
#include <prefork/worker.hpp>

namespace prefork {
inline namespace v1 {

class App {
 public:
  // Called by several threads at once where it runs on the pool. The request ends when it returns.
  using Handler = std::function<Response(const Request&)>;
  // Called on the event loop. The request ends when the Responder has responded.
  using DeferredHandler = std::function<void(Request, Responder)>;
  // These run where the handler runs, that is by several threads at once.
  using Before = std::function<std::optional<Response>(const Request&)>;  // nothing: go on
  using After = std::function<void(const Request&, Response&)>;
  using OnError = std::function<Response(const Request&, const std::exception&)>;
  // Called on the worker's main thread, in the order they were added. An exception is logged as an
  // error and skips those behind it; in on_worker_start it keeps the worker from starting.
  using Hook = std::function<void(const Worker&)>;

  // For load(). Both outlive it.
  App(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Adds a route. `method`: "GET" (for HEAD too), "POST", any token (RFC 9110 section 9.1).
  // `pattern`: "/", "/items/{id}", "/files/{path...}"; of several that match a path the one whose
  // parts are fixed where the others' vary comes first. See run_on.hpp for where the handler runs.
  // Throws std::invalid_argument when the pattern cannot be read or exists for that method.
  App& route(std::string_view method, std::string_view pattern, Handler handler) {
    return add(method, pattern, PREFORK_POOL, std::nullopt, std::move(handler));
  }
  App& route(std::string_view method, std::string_view pattern, OnLoop, Handler handler) {
    return add(method, pattern, PREFORK_LOOP, std::nullopt, std::move(handler));
  }
  App& route(std::string_view method, std::string_view pattern, Upload upload, Handler handler) {
    return add(method, pattern, PREFORK_POOL, upload, std::move(handler));
  }
  App& route(std::string_view method, std::string_view pattern, Deferred, DeferredHandler handler);

  template <typename... What>
  App& get(std::string_view pattern, What&&... what) {
    return route("GET", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  App& post(std::string_view pattern, What&&... what) {
    return route("POST", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  App& put(std::string_view pattern, What&&... what) {
    return route("PUT", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  App& patch(std::string_view pattern, What&&... what) {
    return route("PATCH", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  App& del(std::string_view pattern, What&&... what) {
    return route("DELETE", pattern, std::forward<What>(what)...);
  }

  // Around every handler but deferred ones, in the order they were added: a function before() that
  // responds ends the chain, and the handler is not called; those after() see every response and
  // may change it. What they throw is treated like what the handler throws; of after() it becomes a
  // 500.
  App& before(Before function) {
    before_.push_back(std::move(function));
    return *this;
  }
  App& after(After function) {
    after_.push_back(std::move(function));
    return *this;
  }
  // Responds to what a handler or a function before() threw, instead of a 500. One; the last
  // counts.
  App& on_error(OnError function) {
    on_error_ = std::move(function);
    return *this;
  }
  // Responds to a path that neither a route nor a mounted folder has, on the pool, instead of the
  // server's 404. One; the last counts.
  App& not_found(Handler handler);

  // The files of `folder` below `prefix` ("/assets"), as `prefork-server FOLDER` serves them; a
  // relative folder is looked for where the server was started. Routes come first, before() and
  // after() are not called. Throws std::invalid_argument when the prefix is bad or the folder
  // cannot be read.
  App& mount(std::string_view prefix, std::string_view folder, const Folder& how = {});

  // Once, when everything is defined: in the fork server with --preload, before it forks, else in
  // each worker. Threads must not be left running. Throws what PREFORK_APP may throw.
  App& on_load(std::function<void()> function) {
    on_load_.push_back(std::move(function));
    return *this;
  }

  // A number that the workers share; see metrics.hpp. A name has letters, digits and underscores,
  // no digit in front, and at most 47 characters; an application has at most 32 numbers. /stats
  // shows it for each worker and in the totals. Throws std::invalid_argument.
  Counter counter(std::string_view name) { return declare<Counter>(PREFORK_COUNTER, name); }
  Gauge gauge(std::string_view name) { return declare<Gauge>(PREFORK_GAUGE, name); }

  // auto database = app.per_worker<Database>([](const Worker& worker) {
  //   return std::make_unique<Database>(worker.slot); });
  // `make` is called at the worker's start and must not return null; what it throws keeps the
  // worker from starting. Things are made in the order they were declared, among the
  // on_worker_start hooks.
  template <typename Thing, typename Make>
  PerWorker<Thing> per_worker(Make make) {
    PerWorker<Thing> mine;
    on_worker_start(
        [mine, make = std::move(make)](const Worker& worker) { mine.fill(make(worker)); });
    on_worker_stop([mine](const Worker&) { mine.empty(); });
    return mine;
  }

  // Exactly one worker leads: for what has to be done once and not by each. Called on the event
  // loop of the one that has become it; it leads until it drains (on_drain) or dies, then another
  // does.
  App& on_lead(Hook hook) {
    on_lead_.push_back(std::move(hook));
    return *this;
  }
  // Any thread, any time; false outside of a worker. It may be another's turn right afterwards.
  [[nodiscard]] bool is_leader() const { return api_.is_leader(app_) != 0; }

  // Before the worker accepts anything.
  App& on_worker_start(Hook hook) {
    on_start_.push_back(std::move(hook));
    return *this;
  }
  // The worker takes no new connections any more; on the event loop, which goes on afterwards.
  App& on_drain(Hook hook) {
    on_drain_.push_back(std::move(hook));
    return *this;
  }
  // The last handler has returned. Not called when the worker is killed or crashes.
  App& on_worker_stop(Hook hook) {
    on_stop_.push_back(std::move(hook));
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
  struct Route {
    App& app;
    Handler handler;
    DeferredHandler deferred;
  };

  App& add(std::string_view method, std::string_view pattern, prefork_run_on run_on,
           std::optional<Upload> upload, Handler handler);
  App& register_route(prefork_route& route, std::unique_ptr<Route> owned);
  Response answer(const Route& route, const Request& request) const;
  template <typename Number>
  Number declare(prefork_number_kind kind, std::string_view name) {
    std::uint32_t number = 0;
    if (api_.declare_number(app_, kind, detail::text(name), &number) != PREFORK_OK) {
      throw std::invalid_argument(std::string());  // the server has noted what is wrong with it
    }
    return Number(api_, app_, number);
  }
  void register_hooks();
  static void handle(void* route, const prefork_request* request, prefork_response* response);
  static void handle_deferred(void* route, const prefork_request* request,
                              prefork_response* response);
  static void call(const App& app, std::vector<Hook> App::*hooks, const prefork_worker& worker) {
    try {
      for (const Hook& hook : app.*hooks) {
        hook(to_worker(worker));
      }
    } catch (const std::exception& error) {
      app.log(LogLevel::error, std::string("a hook of the worker's life threw: ") + error.what());
    } catch (...) {
      app.log(LogLevel::error, "a hook of the worker's life threw something");
    }
  }
  static Worker to_worker(const prefork_worker& worker) {
    return {worker.slot, worker.workers, worker.generation, worker.restarts, worker.pid};
  }

  const prefork_api& api_;
  prefork_app* app_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::vector<Before> before_;
  std::vector<After> after_;
  OnError on_error_;
  std::vector<std::function<void()>> on_load_;
  std::vector<Hook> on_start_;
  std::vector<Hook> on_lead_;
  std::vector<Hook> on_drain_;
  std::vector<Hook> on_stop_;
};

inline App& App::add(std::string_view method, std::string_view pattern, prefork_run_on run_on,
                     std::optional<Upload> upload, Handler handler) {
  prefork_route route{};
  route.method = detail::text(method);
  route.pattern = detail::text(pattern);
  route.run_on = run_on;
  route.handler = handle;
  route.streams_body = upload ? 1 : 0;
  route.body_limit = upload ? upload->limit : 0;
  return register_route(route, std::unique_ptr<Route>(new Route{*this, std::move(handler), {}}));
}

inline App& App::route(std::string_view method, std::string_view pattern, Deferred,
                       DeferredHandler handler) {
  prefork_route route{};
  route.method = detail::text(method);
  route.pattern = detail::text(pattern);
  route.run_on = PREFORK_DEFERRED;
  route.handler = handle_deferred;
  return register_route(route, std::unique_ptr<Route>(new Route{*this, {}, std::move(handler)}));
}

inline App& App::mount(std::string_view prefix, std::string_view folder, const Folder& how) {
  prefork_mount mount{};
  mount.size = sizeof mount;
  mount.prefix = detail::text(prefix);
  mount.folder = detail::text(folder);
  mount.index = detail::text(how.index);
  mount.cache_control = detail::text(how.cache_control);
  mount.listing = how.listing ? 1 : 0;
  mount.spa = how.spa ? 1 : 0;
  if (api_.mount_folder(app_, &mount) != PREFORK_OK) {
    throw std::invalid_argument(std::string());  // the server has noted what is wrong with it
  }
  return *this;
}

inline App& App::not_found(Handler handler) {
  prefork_route route{};
  route.size = sizeof route;
  route.run_on = PREFORK_POOL;
  route.handler = handle;
  routes_.push_back(std::unique_ptr<Route>(new Route{*this, std::move(handler), {}}));
  route.user_data = routes_.back().get();
  api_.set_not_found(app_, &route);
  return *this;
}

inline App& App::register_route(prefork_route& route, std::unique_ptr<Route> owned) {
  route.size = sizeof route;
  route.user_data = owned.get();
  if (api_.add_route(app_, &route) != PREFORK_OK) {
    // The server has noted what is wrong with it.
    throw std::invalid_argument(std::string());
  }
  routes_.push_back(std::move(owned));
  return *this;
}

inline Response App::answer(const Route& route, const Request& request) const {
  try {
    for (const Before& function : before_) {
      if (std::optional<Response> early = function(request)) {
        return std::move(*early);
      }
    }
    return route.handler(request);
  } catch (const std::exception& error) {
    if (!on_error_) {
      throw;
    }
    return on_error_(request, error);
  }
}

inline void App::handle(void* data, const prefork_request* native, prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  const App& app = route.app;
  try {
    const Request request(app.api_, *native);
    Response response = app.answer(route, request);
    for (const After& function : app.after_) {
      function(request, response);
    }
    response.send(app.api_, to);
  } catch (const std::exception& error) {
    app.api_.set_failed(to, detail::text(error.what()));
  } catch (...) {
    app.api_.set_failed(to, detail::text("an exception that is no std::exception"));
  }
}

inline void App::handle_deferred(void* data, const prefork_request* native, prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  const App& app = route.app;
  try {
    route.deferred(Request(app.api_, *native), Responder(app.api_, app.app_, native->id, to));
  } catch (const std::exception& error) {
    app.log(LogLevel::error, std::string("a deferred handler threw: ") + error.what());
  } catch (...) {
    app.log(LogLevel::error, "a deferred handler threw an exception that is no std::exception");
  }
}

inline void App::register_hooks() {
  prefork_hooks hooks{};
  hooks.size = sizeof hooks;
  hooks.worker_start = [](void* self, const prefork_worker* worker) -> int {
    const App& app = *static_cast<const App*>(self);
    try {
      for (const Hook& hook : app.on_start_) {
        hook(to_worker(*worker));
      }
      return 0;
    } catch (const std::exception& error) {
      app.api_.fail(app.app_, detail::text(error.what()));
    } catch (...) {
      app.api_.fail(app.app_, detail::text("an exception that is no std::exception"));
    }
    return 1;
  };
  hooks.drain = [](void* self, const prefork_worker* worker) {
    call(*static_cast<const App*>(self), &App::on_drain_, *worker);
  };
  hooks.lead = [](void* self, const prefork_worker* worker) {
    call(*static_cast<const App*>(self), &App::on_lead_, *worker);
  };
  hooks.unload = [](void* self) { delete static_cast<App*>(self); };
  hooks.worker_stop = [](void* self, const prefork_worker* worker) {
    call(*static_cast<const App*>(self), &App::on_stop_, *worker);
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
