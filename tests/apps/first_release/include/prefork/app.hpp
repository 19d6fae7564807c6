// What an application for prefork-server is written with: C++20, header only, nothing but the
// standard library. Each worker process loads the application for itself, or has it from the master
// (--preload), so what PREFORK_APP makes and its handlers capture is that worker's own; handlers on
// the pool run on several threads at once.
//
//   #include <prefork/app.hpp>
//
//   PREFORK_APP(app) {
//     app.get("/", [](const prefork::Request&) { return prefork::text("Hello, World!\n"); });
//   }
//
// Exceptions of a handler become a 500 and a line in the log; of PREFORK_APP and on_worker_start,
// the reason why the worker does not start.
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
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Where a handler runs; without one of these it runs on the pool and may block.
struct OnLoop {};
struct Deferred {};
struct Upload {
  std::uint64_t limit = 0;  // bytes; 0: --limit-body
};
inline constexpr OnLoop on_loop{};     // must not block: every connection of the worker waits
inline constexpr Deferred deferred{};  // void(Request, Responder), on the loop
inline constexpr Upload upload(std::uint64_t limit) { return {limit}; }  // reads the content itself

enum class LogLevel : int { debug = 0, info = 1, warning = 2, error = 3 };

struct Worker {
  std::uint32_t slot = 0;
  std::uint32_t workers = 0;
  std::uint32_t generation = 0;
  std::uint32_t restarts = 0;
  int pid = 0;
};

// A number that the workers share, declared with App::counter or App::gauge. A small value, to be
// captured by handlers. Any thread of a worker; before the worker starts nothing is counted.
class Counter {
 public:
  void add(std::uint64_t amount = 1) const {
    api_->add_number(app_, number_, static_cast<std::int64_t>(amount));
  }
  // Of all workers, those that have ended included.
  [[nodiscard]] std::int64_t sum() const { return api_->sum_number(app_, number_); }

 private:
  friend class App;
  const prefork_api* api_ = nullptr;
  prefork_app* app_ = nullptr;
  std::uint32_t number_ = 0;
};

class Gauge {
 public:
  void set(std::int64_t value) const { api_->set_number(app_, number_, value); }
  void add(std::int64_t amount) const { api_->add_number(app_, number_, amount); }
  // Of all workers.
  [[nodiscard]] std::int64_t sum() const { return api_->sum_number(app_, number_); }

 private:
  friend class App;
  const prefork_api* api_ = nullptr;
  prefork_app* app_ = nullptr;
  std::uint32_t number_ = 0;
};

// How a folder of files is shown; see App::mount.
struct Folder {
  std::string index = "index.html";  // the file that answers for its folder
  bool listing = false;              // a folder without one lists its files
  bool spa = false;                  // paths that name no file get the index of the folder
  std::string cache_control{};       // of every file, such as "max-age=3600"; empty: none
};

// What a worker has for itself: made when it starts, after the fork, and destroyed when it stops.
// A small value, to be captured by handlers; see App::per_worker.
template <typename Thing>
class PerWorker {
 public:
  Thing& operator*() const { return **thing_; }
  Thing* operator->() const { return thing_->get(); }

 private:
  friend class App;
  std::shared_ptr<std::unique_ptr<Thing>> thing_ = std::make_shared<std::unique_ptr<Thing>>();
};

class App {
 public:
  using Handler = std::function<Response(const Request&)>;
  using DeferredHandler = std::function<void(Request, Responder)>;
  using Before = std::function<std::optional<Response>(const Request&)>;
  using After = std::function<void(const Request&, Response&)>;
  using OnError = std::function<Response(const Request&, const std::exception&)>;
  using Hook = std::function<void(const Worker&)>;

  App(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // `pattern`: "/", "/items/{id}", "/files/{path...}". Throws std::invalid_argument.
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

  // Around every handler but deferred ones, in the order they were added: one that answers before
  // ends the chain; those after see every answer.
  App& before(Before function) {
    before_.push_back(std::move(function));
    return *this;
  }
  App& after(After function) {
    after_.push_back(std::move(function));
    return *this;
  }
  // Answers what a handler threw, instead of a 500.
  App& on_error(OnError function) {
    on_error_ = std::move(function);
    return *this;
  }
  // Answers a path that no route has.
  App& not_found(Handler handler);

  // The files of `folder` below `prefix` ("/assets"), as `prefork-server FOLDER` serves them; a
  // relative folder is looked for where the server was started. Routes come first, before() and
  // after() are not called. Throws std::invalid_argument.
  App& mount(std::string_view prefix, std::string_view folder, const Folder& how = {});

  // Once, when everything is defined: in the master before the fork with --preload, else in each
  // worker. Threads must not be left running. Throws what PREFORK_APP may throw.
  App& on_load(std::function<void()> function) {
    on_load_.push_back(std::move(function));
    return *this;
  }

  // A name has letters, digits and underscores. /stats shows it for each worker and in the totals.
  // Throws std::invalid_argument.
  Counter counter(std::string_view name) { return declare<Counter>(PREFORK_COUNTER, name); }
  Gauge gauge(std::string_view name) { return declare<Gauge>(PREFORK_GAUGE, name); }

  // auto database = app.per_worker<Database>([](const Worker& worker) {
  //   return std::make_unique<Database>(worker.slot); });
  // Handlers on the pool use it from several threads at once.
  template <typename Thing, typename Make>
  PerWorker<Thing> per_worker(Make make) {
    PerWorker<Thing> mine;
    on_worker_start(
        [mine, make = std::move(make)](const Worker& worker) { *mine.thing_ = make(worker); });
    on_worker_stop([mine](const Worker&) { mine.thing_->reset(); });
    return mine;
  }

  // Exactly one worker leads: for what has to be done once and not by each. Called on the event
  // loop of the one that has become it; it leads until it drains (on_drain) or dies, then another
  // does.
  App& on_lead(Hook hook) {
    on_lead_.push_back(std::move(hook));
    return *this;
  }
  // Any thread.
  [[nodiscard]] bool is_leader() const { return api_.is_leader(app_) != 0; }

  App& on_worker_start(Hook hook) {
    on_start_.push_back(std::move(hook));
    return *this;
  }
  App& on_drain(Hook hook) {
    on_drain_.push_back(std::move(hook));
    return *this;
  }
  App& on_worker_stop(Hook hook) {
    on_stop_.push_back(std::move(hook));
    return *this;
  }

  // Any thread, any time.
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
    Number number;
    number.api_ = &api_;
    number.app_ = app_;
    if (api_.declare_number(app_, kind, detail::text(name), &number.number_) != PREFORK_OK) {
      throw std::invalid_argument(std::string());  // the server has noted what is wrong with it
    }
    return number;
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
    route.deferred(Request(app.api_, *native), Responder(app.api_, to));
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
