// Routes by method and by pattern (see route_pattern.h). Filled at start-up, then only read.
//
// Of the patterns that match a path, the best one that has the request's method answers: with GET
// "/items/{id}" and POST "/items/new", GET /items/new is answered by the first. A pattern's GET
// route answers HEAD too (the engine leaves the body out) unless it has one for HEAD. If none has
// the method, the path takes the methods of all patterns that match it: OPTIONS is answered with
// 204 and the others with 405, and Allow names them. Nothing is redirected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/application.h"
#include "server/method_set.h"
#include "server/route_tree.h"

namespace prefork {

struct RouteOptions {
  RunOn run_on = RunOn::loop;
  // The handler reads the content while it arrives (Request::content); it then runs on the pool.
  bool streams_body = false;
  // Content beyond this is refused with 413; nothing: the server's own limit.
  std::optional<std::uint64_t> body_limit = std::nullopt;
};

class Router : public Application {
 public:
  // Says what is wrong with the route, which then was not added; nothing when all is well.
  [[nodiscard]] std::optional<std::string> add(std::string_view method, std::string_view pattern,
                                               const RouteOptions& options, Handler handler);

  [[nodiscard]] std::optional<std::string> add_deferred(std::string_view method,
                                                        std::string_view pattern,
                                                        const RouteOptions& options,
                                                        DeferredHandler handler);

  // For routes written in the server's own source: what is wrong with one is a bug, and aborts.
  void add(Method method, std::string_view pattern, const RouteOptions& options, Handler handler);
  void add(Method method, std::string_view pattern, RunOn run_on, Handler handler);

  [[nodiscard]] Routed route(const Request& request,
                             RouteParameters& parameters) const noexcept override;

 private:
  struct Route;
  std::optional<std::string> add(std::string_view method, std::string_view pattern, Route route);

  struct Route {
    MethodNumber method = kNoMethod;
    std::string pattern;  // as written for this method
    std::vector<std::string> names;
    RouteOptions options;
    Handler handler;           // or
    DeferredHandler deferred;  // one of the two
  };
  struct PatternRoutes {
    MethodSet methods;
    std::vector<Route> routes;

    [[nodiscard]] const Route* find(MethodNumber method) const;
  };

  RouteTree tree_;
  std::vector<PatternRoutes> patterns_;  // by their number in the tree
};

}  // namespace prefork
