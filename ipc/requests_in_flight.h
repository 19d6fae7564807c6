// The requests that a worker has not finished, read from its record: each once, with who runs it.
// Any process that has the segment mapped, whether the worker lives or not.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ipc/in_flight.h"
#include "ipc/segment.h"

namespace prefork::ipc {

struct RequestInFlight {
  InFlightRequest request;
  bool is_on_loop = false;                        // its handler runs there
  std::optional<std::uint32_t> pool_thread = {};  // or there
};

struct RequestsInFlight {
  // What threads run, then the others by phase, the oldest first.
  std::vector<RequestInFlight> named;
  std::uint32_t more = 0;  // that found no room in the record
};

// The boxes are written by different threads: a request that a thread takes or gives back meanwhile
// may be in two. It is told with the later phase: the event loop learns from nobody that a thread
// has taken a job, and leaves it queued.
RequestsInFlight read_requests_in_flight(const WorkerRecord& record);

}  // namespace prefork::ipc
