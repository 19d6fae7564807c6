#include "workers/observer/route_snapshot.h"

#include <algorithm>
#include <utility>

#include "server/http/method_set.h"
#include "server/http/status.h"

namespace prefork::observer {

namespace {

std::string_view method_of(const ipc::RequestKind& kind) {
  return kind.method + 1U == ipc::RequestKind::kMethods ? "_OTHER" : http::method_name(kind.method);
}

}  // namespace

std::uint64_t RouteSnapshot::Route::answered() const {
  std::uint64_t all = 0;
  for (const auto& [kind, count] : requests) {
    all += count;
  }
  return all;
}

std::uint64_t RouteSnapshot::Route::failed() const {
  std::uint64_t all = 0;
  for (const auto& [kind, count] : requests) {
    all += http::is_server_error(kind.second) ? count : 0;
  }
  return all;
}

void RouteTally::add(const ipc::RouteRecord& record) {
  labels_->kinds.for_each([&](const ipc::RequestKind&, std::size_t place) {
    requests_[place] += record.requests.get(place);
  });
  for (std::size_t i = 0; i < durations_.size(); ++i) {
    durations_[i].add(record.durations[i]);
  }
  sums_.response_sizes.add(record.response_sizes);
  sums_.queue_times.add(record.queue_times);
  sums_.handler_times.add(record.handler_times);
  sums_.write_times.add(record.write_times);
  sums_.receive_delays.add(record.receive_delays);
}

RouteSnapshot RouteTally::named() const {
  RouteSnapshot snapshot = sums_;
  std::vector<std::size_t> places(durations_.size());  // by label
  for (std::size_t label = 0; label < durations_.size(); ++label) {
    std::string name = labels_->routes.name_of(static_cast<ipc::RouteLabel>(label));
    auto& routes = snapshot.routes;
    auto known = std::find_if(routes.begin(), routes.end(),
                              [&name](const auto& route) { return route.name == name; });
    if (known == routes.end()) {
      known = routes.insert(routes.end(), {std::move(name), {}, {}});
    }
    known->durations.add(durations_[label]);
    places[label] = static_cast<std::size_t>(known - routes.begin());
  }
  labels_->kinds.for_each([&](const ipc::RequestKind& kind, std::size_t place) {
    if (kind.route < places.size() && requests_[place] != 0) {
      auto& route = snapshot.routes[places[kind.route]];
      route.requests[{method_of(kind), kind.status}] += requests_[place];
    }
  });
  return snapshot;
}

}  // namespace prefork::observer
