#include "server/router.h"

#include <algorithm>
#include <utility>

namespace prefork {

namespace {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET, HEAD";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
    case Method::trace:
    case Method::connect:
    case Method::other:
      break;
  }
  return "";
}

Routed answered_by(const Handler& handler, const RouteOptions& options) {
  Routed routed;
  routed.handler = &handler;
  routed.run_on = options.streams_body ? RunOn::pool : options.run_on;
  routed.streams_body = options.streams_body;
  routed.body_limit = options.body_limit;
  routed.status = 200;
  return routed;
}

Routed without_handler(int status, std::string_view allow) {
  Routed routed;
  routed.status = status;
  routed.allow = allow;
  return routed;
}

}  // namespace

void Router::add(Method method, std::string path, const RouteOptions& options, Handler handler) {
  auto routes = std::find_if(paths_.begin(), paths_.end(),
                             [&path](const PathRoutes& known) { return known.path == path; });
  if (routes == paths_.end()) {
    routes = paths_.insert(paths_.end(), PathRoutes{std::move(path), "OPTIONS", {}});
  }
  routes->methods.push_back({method, options, std::move(handler)});
  if (const std::string_view name = name_of(method); !name.empty()) {
    routes->allow.append(", ").append(name);
  }
}

Routed Router::route(const Request& request) const noexcept {
  if (request.path == "*") {
    // OPTIONS * asks about the server as a whole (RFC 9110 section 9.3.7), of which no route
    // speaks.
    return without_handler(204, {});
  }
  const auto routes =
      std::find_if(paths_.begin(), paths_.end(),
                   [&request](const PathRoutes& known) { return known.path == request.path; });
  if (routes == paths_.end()) {
    return {};
  }
  const MethodRoute* for_get = nullptr;
  for (const MethodRoute& route : routes->methods) {
    if (route.method == request.method) {
      return answered_by(route.handler, route.options);
    }
    if (route.method == Method::get) {
      for_get = &route;
    }
  }
  if (request.method == Method::head && for_get != nullptr) {
    return answered_by(for_get->handler, for_get->options);
  }
  return without_handler(request.method == Method::options ? 204 : 405, routes->allow);
}

}  // namespace prefork
