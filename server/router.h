// Routes by exact path and method. HEAD is answered by the GET route (the engine leaves the body
// out); OPTIONS and 405 come from the methods a path has. Filled at start-up, then only read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/application.h"

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
  void add(Method method, std::string path, const RouteOptions& options, Handler handler);
  void add(Method method, std::string path, RunOn run_on, Handler handler) {
    add(method, std::move(path), RouteOptions{.run_on = run_on}, std::move(handler));
  }

  [[nodiscard]] Routed route(const Request& request) const noexcept override;

 private:
  struct MethodRoute {
    Method method = Method::get;
    RouteOptions options;
    Handler handler;
  };
  struct PathRoutes {
    std::string path;
    std::string allow;
    std::vector<MethodRoute> methods;
  };

  std::vector<PathRoutes> paths_;
};

}  // namespace prefork
