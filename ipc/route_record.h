// What a process counts of the requests it has answered, for statistics: by route where that says
// something. In shared memory, part of a worker's record; one writer.
#pragma once

#include <array>
#include <cstddef>

#include "ipc/request_counts.h"
#include "ipc/route_names.h"
#include "ipc/step_histogram.h"

namespace prefork::ipc {

struct RouteRecord {
  RequestCounts requests;
  SizeHistogram response_sizes;      // content of responses
  DurationHistogram queue_times;     // waiting for a pool thread
  DurationHistogram handler_times;   // on a pool thread, but for streams
  DurationHistogram write_times;     // of answers that were not written as a whole with their head
  DurationHistogram receive_delays;  // in the kernel, before they were read; of some requests
  // By RouteLabel: head understood to answer written, of a stream: begun.
  std::array<DurationHistogram, kMaxRouteLabels> durations;

  // `labels`: one past the highest that is in use; the memory of the others is not touched.
  void merge_from(const RouteRecord& other, const RequestKinds& kinds, std::size_t labels) {
    requests.merge_from(other.requests, kinds);
    response_sizes.merge_from(other.response_sizes);
    queue_times.merge_from(other.queue_times);
    handler_times.merge_from(other.handler_times);
    write_times.merge_from(other.write_times);
    receive_delays.merge_from(other.receive_delays);
    for (std::size_t i = 0; i < labels; ++i) {
      durations[i].merge_from(other.durations[i]);
    }
  }
  void clear(const RequestKinds& kinds, std::size_t labels) {
    requests.clear(kinds);
    response_sizes.clear();
    queue_times.clear();
    handler_times.clear();
    write_times.clear();
    receive_delays.clear();
    for (std::size_t i = 0; i < labels; ++i) {
      durations[i].clear();
    }
  }
};

}  // namespace prefork::ipc
