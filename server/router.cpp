#include "server/router.h"

#include <utility>

#include "config/config_error.h"
#include "ipc/check.h"

namespace prefork {

namespace {

constexpr auto kGet = static_cast<MethodNumber>(Method::get);
constexpr auto kHead = static_cast<MethodNumber>(Method::head);
constexpr auto kOptions = static_cast<MethodNumber>(Method::options);

std::string description(std::string_view method, std::string_view pattern) {
  return "route " + printable(method) + " " + in_quotes(pattern);
}

Routed answered_by(const Handler& handler, const DeferredHandler& deferred,
                   const RouteOptions& options) {
  Routed routed;
  if (deferred) {
    routed.deferred = &deferred;
  } else {
    routed.handler = &handler;
  }
  routed.run_on = options.streams_body ? RunOn::pool : options.run_on;
  routed.streams_body = options.streams_body;
  routed.body_limit = options.body_limit;
  routed.status = 200;
  return routed;
}

Routed without_handler(int status, const MethodSet& allow) {
  Routed routed;
  routed.status = status;
  routed.allow = allow;
  return routed;
}

}  // namespace

const Router::Route* Router::PatternRoutes::find(MethodNumber method) const {
  const Route* for_get = nullptr;
  for (const Route& route : routes) {
    if (route.method == method) {
      return &route;
    }
    if (route.method == kGet) {
      for_get = &route;
    }
  }
  return method == kHead ? for_get : nullptr;
}

std::optional<std::string> Router::add(std::string_view method, std::string_view pattern,
                                       const RouteOptions& options, Handler handler) {
  return add(method, pattern, Route{kNoMethod, {}, {}, options, std::move(handler), {}});
}

std::optional<std::string> Router::add_deferred(std::string_view method, std::string_view pattern,
                                                const RouteOptions& options,
                                                DeferredHandler handler) {
  return add(method, pattern, Route{kNoMethod, {}, {}, options, {}, std::move(handler)});
}

std::optional<std::string> Router::add(std::string_view method, std::string_view pattern,
                                       Route route) {
  const std::string what = description(method, pattern);
  const MethodNumber number = method_number(method);
  if (number == kNoMethod) {
    return what + ": " + in_quotes(method) + " is no method that a request can have";
  }
  std::vector<RoutePart> parts;
  if (const auto problem = parse_route_pattern(pattern, parts)) {
    return what + ": " + *problem;
  }
  const std::uint32_t at = tree_.add(parts);
  if (at == patterns_.size()) {
    patterns_.emplace_back();
  }
  PatternRoutes& known = patterns_[at];
  for (const Route& other : known.routes) {
    if (other.method == number) {
      return what + ": the same as " + description(method, other.pattern);
    }
  }
  route.method = number;
  route.pattern = pattern;
  for (const RoutePart& part : parts) {
    if (part.kind != RoutePart::Kind::text) {
      route.names.emplace_back(part.text);
    }
  }
  known.routes.push_back(std::move(route));
  known.methods.add(kOptions);
  known.methods.add(number);
  if (number == kGet) {
    known.methods.add(kHead);
  }
  return std::nullopt;
}

void Router::add(Method method, std::string_view pattern, const RouteOptions& options,
                 Handler handler) {
  PREFORK_CHECK(method != Method::other);
  const auto problem =
      add(method_name(static_cast<MethodNumber>(method)), pattern, options, std::move(handler));
  if (problem) {
    check_failed(problem->c_str(), __FILE__, __LINE__);
  }
}

void Router::add(Method method, std::string_view pattern, RunOn run_on, Handler handler) {
  add(method, pattern, RouteOptions{.run_on = run_on}, std::move(handler));
}

Routed Router::route(const Request& request, RouteParameters& parameters) const noexcept {
  MethodSet allow;
  if (request.path == "*") {
    // OPTIONS * asks about the server as a whole (RFC 9110 section 9.3.7), of which no route
    // speaks.
    return without_handler(204, allow);
  }
  const MethodNumber method = method_number(request);
  RouteMatches matches(tree_, request.path, parameters);
  for (std::uint32_t at = matches.next(); at != RouteTree::kNone; at = matches.next()) {
    if (const Route* route = patterns_[at].find(method)) {
      for (std::size_t i = 0; i < parameters.count; ++i) {
        parameters.fields[i].name = route->names[i];
      }
      return answered_by(route->handler, route->deferred, route->options);
    }
    allow.add(patterns_[at].methods);
  }
  if (allow.empty()) {
    return {};
  }
  return without_handler(method == kOptions ? 204 : 405, allow);
}

}  // namespace prefork
