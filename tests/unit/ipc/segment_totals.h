// What a reader of the statistics segment adds up: the ended workers and all records. For tests.
#pragma once

#include <cstdint>
#include <vector>

#include "ipc/segment.h"

namespace prefork::ipc::testing_ipc {

inline std::uintptr_t address_of(const void* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

inline std::vector<Place> all_records(const Segment& segment) {
  std::vector<Place> ids;
  for (std::uint32_t slot = 0; slot < segment.slot_capacity(); ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      ids.push_back({slot, seat});
    }
  }
  return ids;
}

inline std::uint64_t total(const Segment& segment, Counter counter) {
  std::uint64_t sum = segment.retired().counters.get(counter);
  for (const Place id : all_records(segment)) {
    sum += segment.record(id).counters.get(counter);
  }
  return sum;
}

template <unsigned kBits>
LogHistogramSnapshot<kBits> total(const Segment& segment,
                                  LogHistogram<kBits> WorkerRecord::*histogram) {
  LogHistogramSnapshot<kBits> sum;
  sum.add(segment.retired().*histogram);
  for (const Place id : all_records(segment)) {
    sum.add(segment.record(id).*histogram);
  }
  return sum;
}

}  // namespace prefork::ipc::testing_ipc
