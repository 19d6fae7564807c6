// What workers count of the requests they answer, added up: by route where that says something; see
// ipc/route_record.h. Plain values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/route_record.h"
#include "ipc/segment.h"

namespace prefork::observer {

struct RouteSnapshot {
  struct Route {
    std::string name;  // its pattern; or `files`, `unmatched`, `_other`
    ipc::DurationSnapshot durations;
    // By method ("GET", "_OTHER") and status.
    std::map<std::pair<std::string_view, int>, std::uint64_t> requests;

    [[nodiscard]] std::uint64_t answered() const;
    [[nodiscard]] std::uint64_t failed() const;  // with a status of 5xx
  };

  std::vector<Route> routes;  // in the order in which they became known
  ipc::SizeSnapshot response_sizes;
  ipc::DurationSnapshot queue_times;
  ipc::DurationSnapshot handler_times;
  ipc::DurationSnapshot write_times;
  ipc::DurationSnapshot receive_delays;
};

// Adds records up as they are read, by label; names come at the end, when nothing moves any more.
class RouteTally {
 public:
  explicit RouteTally(const ipc::RequestLabels& labels)
      : labels_(&labels), durations_(labels.routes.labels()) {}

  void add(const ipc::RouteRecord& record);
  [[nodiscard]] RouteSnapshot named() const;

 private:
  const ipc::RequestLabels* labels_;
  RouteSnapshot sums_;  // but for its routes
  std::vector<ipc::DurationSnapshot> durations_;
  std::array<std::uint64_t, ipc::RequestKinds::kPlaces> requests_{};
};

}  // namespace prefork::observer
