#include "ipc/requests_in_flight.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace prefork::ipc {

namespace {

// The one among the first `run` that is this request; null: there is none.
RequestInFlight* find_run(std::vector<RequestInFlight>& named, std::size_t run,
                          const InFlightRequest& request) {
  const auto end = named.begin() + static_cast<std::ptrdiff_t>(run);
  const auto found = std::find_if(named.begin(), end, [&request](const RequestInFlight& one) {
    return request.request_id != 0 && one.request.request_id == request.request_id;
  });
  return found == end ? nullptr : &*found;
}

}  // namespace

RequestsInFlight read_requests_in_flight(const WorkerRecord& record) {
  RequestsInFlight found;
  std::vector<RequestInFlight>& named = found.named;
  if (auto request = record.loop_request.get()) {
    named.push_back({std::move(*request), true, std::nullopt});
  }
  for (std::uint32_t thread = 0; thread < kMaxPoolThreads; ++thread) {
    if (auto request = record.pool_requests[thread].get()) {
      named.push_back({std::move(*request), false, thread});
    }
  }
  const std::size_t run = named.size();
  for (const InFlightBox& box : record.unfinished_requests.boxes()) {
    auto request = box.get();
    if (!request) {
      continue;
    }
    if (RequestInFlight* const same = find_run(named, run, *request)) {
      same->request.phase = std::max(same->request.phase, request->phase);
    } else {
      named.push_back({std::move(*request), false, std::nullopt});
    }
  }
  std::sort(named.begin() + static_cast<std::ptrdiff_t>(run), named.end(),
            [](const RequestInFlight& left, const RequestInFlight& right) {
              return std::tie(left.request.phase, left.request.started_ns) <
                     std::tie(right.request.phase, right.request.started_ns);
            });
  found.more = record.unfinished_requests.more();
  return found;
}

}  // namespace prefork::ipc
