// What finding a route costs: nanoseconds of CPU for each look-up, with 1 to 1000 routes.
//
//   bench_router
//
// Half of the routes are text only, half have parameters; the paths asked for are those of all
// routes in an order of chance, so that caches and branch prediction do not know the next one. The
// last line is a set of routes made to be slow: text or a parameter at each of eight parts.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/routing/router.h"

namespace {

using prefork::exchange::RouteParameters;
using prefork::exchange::RunOn;
using prefork::http::Method;
using prefork::http::Request;
using prefork::http::Response;
using prefork::routing::Router;

constexpr int kRounds = 7;
constexpr std::size_t kLookUps = 200'000;

void add(Router& router, const std::string& pattern) {
  router.add(Method::get, pattern, RunOn::loop, [](const Request&, Response&) {});
}

// The best of several rounds: others may share the caches meanwhile.
double ns_per_look_up(const Router& router, std::vector<std::string> paths, int status) {
  std::mt19937 random(1);
  std::shuffle(paths.begin(), paths.end(), random);
  RouteParameters parameters;
  Request request;
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    std::size_t wrong = 0;
    std::size_t next = 0;
    const std::clock_t start = std::clock();
    for (std::size_t i = 0; i < kLookUps; ++i) {
      request.path = paths[next];
      next = next + 1 == paths.size() ? 0 : next + 1;
      wrong += router.route(request, parameters).status == status ? 0U : 1U;
    }
    const double took_ns = 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if (wrong != 0) {
      std::fprintf(stderr, "%zu look-ups did not end with %d\n", wrong, status);
      std::exit(1);
    }
    best = std::min(best, took_ns / static_cast<double>(kLookUps));
  }
  return best;
}

void measure(std::size_t routes) {
  Router router;
  std::vector<std::string> text;
  std::vector<std::string> parameters;
  std::vector<std::string> misses;
  for (std::size_t i = 0; i < routes; ++i) {
    const std::string thing = "/api/v1/things" + std::to_string(i / 4);
    switch (i % 4) {
      case 0:
        add(router, thing + "/{id}");
        parameters.push_back(thing + "/4711");
        text.push_back(parameters.back());  // for a single route
        break;
      case 1:
        add(router, thing);
        text.push_back(thing);
        break;
      case 2:
        add(router, thing + "/{id}/parts/{part}");
        parameters.push_back(thing + "/4711/parts/12");
        break;
      default:
        add(router, thing + "/search/recent");
        text.push_back(thing + "/search/recent");
        break;
    }
    misses.push_back(thing + "/4711/nothing");
    misses.push_back("/wp-admin/setup-config.php");
  }
  std::printf("%8zu %10.0f %12.0f %10.0f\n", routes, ns_per_look_up(router, text, 200),
              ns_per_look_up(router, parameters, 200), ns_per_look_up(router, misses, 404));
}

void measure_worst() {
  Router router;
  for (unsigned way = 0; way < 256; ++way) {
    std::string pattern;
    for (unsigned i = 0; i < 8; ++i) {
      pattern += (way >> i & 1U) != 0 ? "/{p" + std::to_string(i) + "}" : "/a";
    }
    add(router, pattern + "/x");
  }
  std::printf("256 routes made to be slow, a miss: %.0f ns\n",
              ns_per_look_up(router, {"/a/a/a/a/a/a/a/a/y"}, 404));
}

}  // namespace

int main() {
  std::printf("  routes    text ns  parameter ns    miss ns\n");
  for (const std::size_t routes :
       {std::size_t{1}, std::size_t{10}, std::size_t{100}, std::size_t{1000}}) {
    measure(routes);
  }
  measure_worst();
}
