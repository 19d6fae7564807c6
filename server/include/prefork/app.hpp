// What an application for prefork-server is written with: C++20, header only, nothing but the
// standard library. Each worker process loads the application for itself, so what PREFORK_APP makes
// and its handlers capture is that worker's own; handlers on the pool run on several threads at
// once.
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

  // For PREFORK_APP. Once loaded, an application lives as long as its process.
  template <typename Define>
  static int load(const prefork_api* api, prefork_app* native, Define define) {
    try {
      auto app = std::make_unique<App>(*api, native);
      define(*app);
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
  std::vector<Hook> on_start_;
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
