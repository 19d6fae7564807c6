// Routes by exact path and method. HEAD is answered by the GET route (the engine leaves the body
// out); OPTIONS and 405 come from the methods a path has. Filled at start-up, then only read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/application.h"

namespace prefork {

class Router : public Application {
 public:
  void add(Method method, std::string path, RunOn run_on, Handler handler);

  [[nodiscard]] Routed route(const Request& request) const noexcept override;

 private:
  struct MethodRoute {
    Method method = Method::get;
    RunOn run_on = RunOn::loop;
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
