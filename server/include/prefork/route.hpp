// A route of an application: what the server calls for it, and what is called then. Lives as long
// as the App, which makes it; its functions are called by several threads at once.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <prefork/abi.h>
#include <prefork/around.hpp>
#include <prefork/log.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

struct Route {
  using DeferredHandler = std::function<void(Request, Responder)>;

  const prefork_api& api;
  prefork_app* app;
  const Around& around;
  Around::Handler handler;   // or
  DeferredHandler deferred;  // one of the two

  // `route` is one.
  static void handle(void* route, const prefork_request* request, prefork_response* response);
  static void handle_deferred(void* route, const prefork_request* request,
                              prefork_response* response);
};

inline void Route::handle(void* data, const prefork_request* native, prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  try {
    const Request request(route.api, *native);
    Around::Failure failure;
    Response response = route.around.respond(request, route.handler, failure);
    route.around.send(route.api, to, request, response, std::move(failure));
  } catch (...) {
    route.api.set_failed(to, detail::text("out of memory"));
  }
}

inline void Route::handle_deferred(void* data, const prefork_request* native,
                                   prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  try {
    const Request request(route.api, *native);
    Responder responder(route.api, route.app, route.around, request, to);
    Around::Failure failure;
    if (auto early = route.around.respond_before(request, failure)) {
      responder.send(std::move(*early), std::move(failure));
      return;
    }
    route.deferred(request, std::move(responder));
  } catch (const std::exception& error) {
    route.api.log(route.app, static_cast<int>(LogLevel::error),
                  detail::text(std::string("a deferred handler threw: ") + error.what()));
  } catch (...) {
    route.api.log(route.app, static_cast<int>(LogLevel::error),
                  detail::text("a deferred handler threw an exception that is no std::exception"));
  }
}

}  // namespace v1
}  // namespace prefork
