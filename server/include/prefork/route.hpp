// A route of an application: what the server calls for it, and what is called then. Lives as long
// as the App, which makes it; its functions are called by several threads at once.
#pragma once

#include <prefork/cxx20.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <prefork/abi.h>
#include <prefork/around.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/log.hpp>
#include <prefork/place.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

struct Route {
  using DeferredHandler = detail::Function<void(Request, Responder)>;
  using CoroutineHandler = detail::Function<Task<Response>(Request)>;
  // One of them is a function.
  struct Handlers {
    Around::Handler at_once{};
    DeferredHandler deferred{};
    CoroutineHandler coroutine{};
  };

  const prefork_api& api;
  prefork_app* app;
  const Places& places;
  std::string pattern;
  Handlers handlers;
  const Place* place;  // the innermost one that all its paths lie below
  bool is_scattered;   // some lie below another one

  [[nodiscard]] const Around& around_of(const prefork_request& request) const {
    if (is_scattered) {
      const Place& by_path = places.of_path(detail::view(request.path));
      return by_path.depth > place->depth ? by_path.around : place->around;
    }
    return place->around;
  }

  // `route` is one.
  static void handle(void* route, const prefork_request* request, prefork_response* response);
  static void handle_deferred(void* route, const prefork_request* request,
                              prefork_response* response);

  // On this thread.
  void respond_to_exception(const Around& around, const prefork_request& request,
                            prefork_response* to, bool has_response) const;
  static void respond(const prefork_api& api, const Around& around, const Around::Handler& handler,
                      const prefork_request& request, prefork_response* to);
};

namespace detail {

// None where `callable` is.
template <typename Callable>
Route::DeferredHandler make_deferred(Callable callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return {};
  } else if constexpr (std::invocable<Callable&, Request, Responder>) {
    return is_none(callable) ? Route::DeferredHandler()
                             : Route::DeferredHandler(std::move(callable));
  } else {
    static_assert(kNever<Callable>,
                  "a deferred handler takes (prefork::Request, prefork::Responder)");
  }
}

}  // namespace detail

inline void Route::respond(const prefork_api& api, const Around& around,
                           const Around::Handler& handler, const prefork_request& native,
                           prefork_response* to) {
  try {
    const Request request(api, native);
    Around::Failure failure;
    Response response = around.respond(request, handler, failure);
    around.send(api, to, request, response, std::move(failure));
  } catch (...) {
    api.set_failed(to, detail::text("out of memory"));
  }
}

inline void Route::handle(void* data, const prefork_request* native, prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  respond(route.api, route.around_of(*native), route.handlers.at_once, *native, to);
}

inline void Route::handle_deferred(void* data, const prefork_request* native,
                                   prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  const Around& around = route.around_of(*native);
  detail::DeferredCall call(to);
  try {
    const Request request(route.api, *native);
    Responder responder(route.api, route.app, around, request, to);
    Around::Failure failure;
    if (auto early = around.respond_before(request, failure)) {
      responder.send(std::move(*early), std::move(failure));
      return;
    }
    route.handlers.deferred(request, std::move(responder));
    if (call.has_response()) {
      Responder(route.api, route.app, around, request, to);  // it was dropped
    }
  } catch (...) {
    route.respond_to_exception(around, *native, to, call.has_response());
  }
}

// `has_response`: nobody else has it.
inline void Route::respond_to_exception(const Around& around, const prefork_request& native,
                                        prefork_response* to, bool has_response) const {
  try {
    const Request request(api, native);
    Around::Failure failure;
    if (has_response) {
      Response response = around.respond_to_exception(request, failure);
      Responder(api, app, around, request, to).send(std::move(response), std::move(failure));
      return;
    }
    throw;
  } catch (const std::exception& error) {
    api.log(app, static_cast<int>(LogLevel::error),
            detail::text(std::string("a deferred handler threw: ") + error.what()));
  } catch (...) {
    api.log(app, static_cast<int>(LogLevel::error),
            detail::text("a deferred handler threw an exception that is no std::exception"));
  }
}

}  // namespace v1
}  // namespace prefork
