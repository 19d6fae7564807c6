#include "server/routing/router.h"

#include <algorithm>
#include <utility>

#include "config/base/config_error.h"
#include "ipc/base/check.h"

namespace prefork::routing {

namespace {

constexpr auto kGet = static_cast<http::MethodNumber>(http::Method::get);
constexpr auto kHead = static_cast<http::MethodNumber>(http::Method::head);
constexpr auto kOptions = static_cast<http::MethodNumber>(http::Method::options);

std::string description(std::string_view method, std::string_view pattern) {
  return "route " + config::printable(method) + " " + config::in_quotes(pattern);
}

bool is_static(const std::vector<RoutePart>& parts) {
  return std::all_of(parts.begin(), parts.end(),
                     [](const RoutePart& part) { return part.kind == RoutePart::Kind::text; });
}

exchange::RouteMatch without_handler(int status, const http::MethodSet& allow) {
  exchange::RouteMatch match;
  match.status = status;
  match.allow = allow;
  return match;
}

}  // namespace

exchange::RouteMatch Router::Route::make_match() const {
  exchange::RouteMatch made;
  made.deferred = deferred.get();
  made.handler = handler.get();
  made.run_on = options.streams_body ? exchange::RunOn::pool : options.run_on;
  made.streams_body = options.streams_body;
  made.body_limit = options.body_limit;
  made.profile = profile.get();
  made.status = 200;
  made.number = number;
  return made;
}

const Router::Route* Router::PatternRoutes::find(http::MethodNumber method) const {
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

config::Result<void> Router::add(std::string_view method, std::string_view pattern,
                                 const RouteOptions& options, exchange::Handler handler) {
  return add(method, pattern,
             Route{http::kNoMethod,
                   {},
                   {},
                   options,
                   std::make_unique<const exchange::Handler>(std::move(handler)),
                   nullptr,
                   nullptr,
                   ++routes_,
                   {}});
}

config::Result<void> Router::add_deferred(std::string_view method, std::string_view pattern,
                                          const RouteOptions& options,
                                          exchange::DeferredHandler handler) {
  return add(method, pattern,
             Route{http::kNoMethod,
                   {},
                   {},
                   options,
                   nullptr,
                   std::make_unique<const exchange::DeferredHandler>(std::move(handler)),
                   nullptr,
                   ++routes_,
                   {}});
}

config::Result<void> Router::add(std::string_view method, std::string_view pattern, Route route) {
  const std::string what = description(method, pattern);
  const http::MethodNumber number = http::method_number(method);
  if (number == http::kNoMethod) {
    return config::Problem{what + ": " + config::in_quotes(method) +
                           " is no method that a request can have"};
  }
  const auto parsed = parse_route_pattern(pattern);
  if (!parsed.ok()) {
    return config::Problem{what + ": " + parsed.problem().text};
  }
  const std::vector<RoutePart>& parts = parsed.value();
  const std::uint32_t at = tree_.add(parts);
  if (at == patterns_.size()) {
    patterns_.emplace_back();
    if (is_static(parts)) {
      static_paths_.add(pattern, at);
    }
  }
  PatternRoutes& known = patterns_[at];
  for (const Route& other : known.routes) {
    if (other.method == number) {
      return config::Problem{what + ": the same as " + description(method, other.pattern)};
    }
  }
  route.method = number;
  route.pattern = pattern;
  route.profile = std::make_unique<exchange::JobProfile>(route.options.pool, route.options.priority,
                                                         route.pattern);
  for (const RoutePart& part : parts) {
    if (part.kind != RoutePart::Kind::text) {
      route.names.emplace_back(part.text);
    }
  }
  route.match = route.make_match();
  known.routes.push_back(std::move(route));
  known.methods.add(kOptions);
  known.methods.add(number);
  if (number == kGet) {
    known.methods.add(kHead);
  }
  return {};
}

void Router::add(http::Method method, std::string_view pattern, const RouteOptions& options,
                 exchange::Handler handler) {
  PREFORK_CHECK(method != http::Method::other);
  const auto added = add(http::method_name(static_cast<http::MethodNumber>(method)), pattern,
                         options, std::move(handler));
  if (!added.ok()) {
    ipc::check_failed(added.problem().text.c_str(), __FILE__, __LINE__);
  }
}

void Router::add(http::Method method, std::string_view pattern, exchange::RunOn run_on,
                 exchange::Handler handler) {
  add(method, pattern, RouteOptions{.run_on = run_on}, std::move(handler));
}

std::vector<std::string> Router::route_patterns() const {
  std::vector<std::string> patterns(routes_);
  for (const PatternRoutes& known : patterns_) {
    for (const Route& route : known.routes) {
      patterns[route.number - 1U] = route.pattern;
    }
  }
  return patterns;
}

exchange::RouteMatch Router::route(const http::Request& request,
                                   exchange::RouteParameters& parameters) const noexcept {
  const http::MethodNumber method = http::method_number(request);
  if (const std::uint32_t at = static_paths_.find(request.path_segments());
      at != StaticPaths::kNone) [[likely]] {
    if (const Route* route = patterns_[at].find(method)) [[likely]] {
      return route->match;
    }
  }
  return search(request, method, parameters);
}

// Not a part of its caller, which would have to make room for it on its stack.
[[gnu::noinline]] exchange::RouteMatch Router::search(
    const http::Request& request, http::MethodNumber method,
    exchange::RouteParameters& parameters) const noexcept {
  http::MethodSet allow;
  if (request.path == "*") {
    // OPTIONS * asks about the server as a whole (RFC 9110 section 9.3.7), of which no route
    // speaks.
    return without_handler(204, allow);
  }
  RouteSearch matches(tree_, request.path, request.path_segments(), parameters);
  for (std::uint32_t at = matches.next(); at != RouteTree::kNone; at = matches.next()) {
    if (const Route* route = patterns_[at].find(method)) {
      for (std::size_t i = 0; i < parameters.count; ++i) {
        parameters.fields[i].name = route->names[i];
      }
      return route->match;
    }
    allow.add(patterns_[at].methods);
  }
  if (allow.empty()) {
    return {};
  }
  return without_handler(method == kOptions ? 204 : 405, allow);
}

}  // namespace prefork::routing
