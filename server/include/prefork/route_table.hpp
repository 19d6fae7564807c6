// The routes, groups and folders of an application, and how the server is told of them. The layer
// below App and Group. Filled while the application is defined; then any thread.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/folder.hpp>
#include <prefork/group.hpp>
#include <prefork/place.hpp>
#include <prefork/route.hpp>
#include <prefork/route_plan.hpp>
#include <prefork/run_on.hpp>

namespace prefork {
inline namespace v1 {

class RouteTable {
 public:
  // Both outlive it.
  RouteTable(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  [[nodiscard]] Place& root() const { return places_.root(); }
  // Below `outer`.
  Group& group(const Place& outer, std::string_view prefix);

  // Below `at`. Each throws std::invalid_argument, which says
  // what is wrong.
  void add(const Place& at, std::string_view method, std::string_view pattern,
           const RoutePlan& plan, Route::Handlers handlers);
  void mount(const Place& at, std::string_view prefix, std::string_view folder, const Folder& how);
  void set_not_found(Place& at, Around::Handler handler);
  void set_body_limit(Place& at, std::uint64_t bytes);
  void set_pool(Place& at, OnPool pool);
  // When everything is defined. Throws std::runtime_error.
  void register_around();

  [[nodiscard]] const Places& places() const { return places_; }

 private:
  std::invalid_argument refusal() const {
    return std::invalid_argument(PREFORK_HAS(&api_, get_failure)
                                     ? std::string(detail::view(api_.get_failure(app_)))
                                     : std::string());
  }
  static std::string name_of(const Place& place) {
    return place.prefix.empty() ? "the application" : "group '" + place.prefix + "'";
  }
  void check_that_routes_follow(const Place& at, const std::string& what) const;
  void find_places_of_routes();
  static void handle_not_found(void* table, const prefork_request* request,
                               prefork_response* response);
  static prefork_handler handler_of(const Route& route) {
    return route.handlers.coroutine  ? detail::handle_coroutine
           : route.handlers.deferred ? Route::handle_deferred
                                     : Route::handle;
  }

  const prefork_api& api_;
  prefork_app* app_;
  Places places_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<Route>> routes_;
};

namespace detail {

// Of the place or those around it; nothing: none says so.
template <typename Says>
const Place* innermost(const Place& place, Says says) {
  const Place* at = &place;
  while (at != nullptr && !says(*at)) {
    at = at->outer;
  }
  return at;
}

}  // namespace detail

inline Group& RouteTable::group(const Place& outer, std::string_view prefix) {
  Place& place = places_.add(outer.prefix + std::string(prefix));
  find_places_of_routes();
  for (const auto& known : groups_) {
    if (&known->place() == &place) {
      return *known;
    }
  }
  groups_.push_back(std::make_unique<Group>(*this, place));
  return *groups_.back();
}

inline void RouteTable::add(const Place& at, std::string_view method, std::string_view pattern,
                            const RoutePlan& plan, Route::Handlers handlers) {
  const std::string whole = at.prefix + std::string(pattern);
  const std::string name = "route " + std::string(method) + " '" + whole + "': ";
  if (!handlers.at_once && !handlers.deferred && !handlers.coroutine) {
    throw std::invalid_argument(name + "the function is none");
  }
  if (!at.prefix.empty() && !pattern.empty() && !pattern.starts_with('/')) {
    throw std::invalid_argument(name + "what follows the group's prefix begins with a slash");
  }
  if (plan.body_limit == 0) {
    throw std::invalid_argument(name + "body_limit(0): at least 1");
  }
  if (handlers.coroutine) {
    detail::require_loop(api_, "coroutines");
  }
  const Place& place = places_.of_pattern(whole);
  auto owned = std::unique_ptr<Route>(new Route{api_, app_, places_, whole, std::move(handlers),
                                                &place, places_.is_scattered(whole)});
  const Place* const limit =
      detail::innermost(place, [](const Place& one) { return one.body_limit != 0; });
  const Place* const pool =
      detail::innermost(place, [](const Place& one) { return one.priority.has_value(); });
  const bool names_pool = !plan.pool.name.empty() || plan.pool.priority != Priority::normal;
  prefork_route route{};
  route.size = sizeof route;
  route.method = detail::text(method);
  route.pattern = detail::text(whole);
  route.run_on = plan.run_on;
  route.handler = handler_of(*owned);
  route.user_data = owned.get();
  route.streams_body = plan.streams_body ? 1 : 0;
  route.body_limit = plan.body_limit.value_or(limit != nullptr ? limit->body_limit : 0);
  if (plan.run_on == PREFORK_POOL && (names_pool || pool == nullptr)) {
    route.pool = detail::text(plan.pool.name);
    route.priority = detail::to_native(plan.pool.priority);
  } else if (plan.run_on == PREFORK_POOL) {
    route.pool = detail::text(pool->pool);
    route.priority = detail::to_native(*pool->priority);
  }
  if (api_.add_route(app_, &route) != PREFORK_OK) {
    throw refusal();
  }
  routes_.push_back(std::move(owned));
}

inline void RouteTable::mount(const Place& at, std::string_view prefix, std::string_view folder,
                              const Folder& how) {
  const std::string whole = at.prefix + std::string(prefix);
  prefork_mount mount{};
  mount.size = sizeof mount;
  mount.prefix = detail::text(whole);
  mount.folder = detail::text(folder);
  mount.index = detail::text(how.index);
  mount.cache_control = detail::text(how.cache_control);
  mount.listing = how.listing ? 1 : 0;
  mount.spa = how.spa ? 1 : 0;
  if (api_.mount_folder(app_, &mount) != PREFORK_OK) {
    throw refusal();
  }
}

inline void RouteTable::set_not_found(Place& at, Around::Handler handler) {
  if (!handler) {
    throw std::invalid_argument("not_found(): the function is none");
  }
  at.not_found = std::move(handler);
  prefork_route route{};
  route.size = sizeof route;
  route.run_on = PREFORK_POOL;
  route.handler = handle_not_found;
  route.user_data = this;
  api_.set_not_found(app_, &route);
}

inline void RouteTable::set_body_limit(Place& at, std::uint64_t bytes) {
  check_that_routes_follow(at, "body_limit()");
  if (bytes == 0) {
    throw std::invalid_argument(name_of(at) + ": body_limit(0): at least 1");
  }
  at.body_limit = bytes;
}

inline void RouteTable::set_pool(Place& at, OnPool pool) {
  check_that_routes_follow(at, "pool()");
  at.pool = pool.name;
  at.priority = pool.priority;
}

// What is said of a route when it is added cannot be said of it later.
inline void RouteTable::check_that_routes_follow(const Place& at, const std::string& what) const {
  for (const auto& route : routes_) {
    if (detail::pattern_lies_below(route->pattern, at.prefix)) {
      throw std::invalid_argument(name_of(at) + ": " + what + " comes before its routes, and '" +
                                  route->pattern + "' is there already");
    }
  }
}

inline void RouteTable::find_places_of_routes() {
  for (const auto& route : routes_) {
    route->place = &places_.of_pattern(route->pattern);
    route->is_scattered = places_.is_scattered(route->pattern);
  }
}

inline void RouteTable::handle_not_found(void* data, const prefork_request* native,
                                         prefork_response* to) {
  static const Around::Handler kNotFound(
      [](const Request&) { return text("404 Not Found\n", 404); });
  const RouteTable& table = *static_cast<const RouteTable*>(data);
  const Place& place = table.places_.of_path(detail::view(native->path));
  const Place* const by =
      detail::innermost(place, [](const Place& one) { return bool(one.not_found); });
  Route::respond(table.api_, place.around, by != nullptr ? by->not_found : kNotFound, *native, to);
}

inline void RouteTable::register_around() {
  if (!places_.any_of([](const Place& place) { return !place.around.empty(); })) {
    return;
  }
  if (!PREFORK_HAS(&api_, set_around)) {
    throw std::runtime_error("before() and after() need a newer server than this one");
  }
  prefork_around around{};
  around.size = sizeof around;
  around.before = [](void* self, const prefork_request* request, prefork_response* to) {
    const RouteTable& table = *static_cast<const RouteTable*>(self);
    return table.places_.of_path(detail::view(request->path))
        .around.before_server(table.api_, *request, to);
  };
  around.after = [](void* self, const prefork_request* request, prefork_response* to) {
    const RouteTable& table = *static_cast<const RouteTable*>(self);
    table.places_.of_path(detail::view(request->path))
        .around.after_server(table.api_, *request, to);
  };
  if (api_.set_around(app_, &around, this) != PREFORK_OK) {
    throw refusal();
  }
}

}  // namespace v1
}  // namespace prefork
