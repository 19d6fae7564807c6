// Routes by method and by pattern (see route_pattern.h). Filled at start-up, then only read.
//
// Of the patterns that match a path, the best one that has the request's method answers: with GET
// "/items/{id}" and POST "/items/new", GET /items/new is answered by the first. A pattern's GET
// route answers HEAD too (the engine leaves the body out) unless it has one for HEAD. If none has
// the method, the path takes the methods of all patterns that match it: OPTIONS is answered with
// 204 and the others with 405, and Allow names them. Nothing is redirected.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"
#include "server/exchange/application.h"
#include "server/http/method_set.h"
#include "server/routing/route_tree.h"
#include "server/routing/static_paths.h"

namespace prefork::routing {

struct RouteOptions {
  exchange::RunOn run_on = exchange::RunOn::loop;
  // The handler reads the content while it arrives (Request::content); it then runs on the pool.
  bool streams_body = false;
  // Content beyond this is refused with 413; nothing: the server's own limit.
  std::optional<std::uint64_t> body_limit = std::nullopt;
  std::string pool = {};  // the class of the pool's threads; empty: the default one
  exchange::Priority priority = exchange::Priority::normal;
};

class Router : public exchange::Application {
 public:
  // Says what is wrong with the route, which then was not added; nothing when all is well.
  [[nodiscard]] config::Result<void> add(std::string_view method, std::string_view pattern,
                                         const RouteOptions& options, exchange::Handler handler);

  [[nodiscard]] config::Result<void> add_deferred(std::string_view method, std::string_view pattern,
                                                  const RouteOptions& options,
                                                  exchange::DeferredHandler handler);

  // For routes written in the server's own source: what is wrong with one is a bug, and aborts.
  void add(http::Method method, std::string_view pattern, const RouteOptions& options,
           exchange::Handler handler);
  void add(http::Method method, std::string_view pattern, exchange::RunOn run_on,
           exchange::Handler handler);

  [[nodiscard]] exchange::RouteMatch route(
      const http::Request& request, exchange::RouteParameters& parameters) const noexcept override;

  [[nodiscard]] std::vector<std::string> route_patterns() const override;

  // Calls visit(`GET /items/{id}`, JobProfile&) for each route. Before requests come.
  template <typename Visit>
  void for_each_profile(Visit visit) {
    for (PatternRoutes& pattern : patterns_) {
      for (Route& route : pattern.routes) {
        visit(std::string(http::method_name(route.method)) + " " + route.pattern, *route.profile);
      }
    }
  }

 private:
  struct Route;
  config::Result<void> add(std::string_view method, std::string_view pattern, Route route);

  struct Route {
    http::MethodNumber method = http::kNoMethod;
    std::string pattern;  // as written for this method
    std::vector<std::string> names;
    RouteOptions options;
    std::unique_ptr<const exchange::Handler> handler;           // or
    std::unique_ptr<const exchange::DeferredHandler> deferred;  // one of the two
    std::unique_ptr<exchange::JobProfile> profile;
    std::uint16_t number = 0;    // see RouteMatch
    exchange::RouteMatch match;  // of the others, made once

    [[nodiscard]] exchange::RouteMatch make_match() const;
  };
  struct PatternRoutes {
    http::MethodSet methods;
    std::vector<Route> routes;

    [[nodiscard]] const Route* find(http::MethodNumber method) const;
  };

  // What no static path has answered.
  [[nodiscard]] exchange::RouteMatch search(const http::Request& request, http::MethodNumber method,
                                            exchange::RouteParameters& parameters) const noexcept;

  RouteTree tree_;
  StaticPaths static_paths_;             // their numbers in the tree
  std::uint16_t routes_ = 0;             // added so far
  std::vector<PatternRoutes> patterns_;  // by their number in the tree
};

}  // namespace prefork::routing
