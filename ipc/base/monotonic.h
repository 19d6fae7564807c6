// CLOCK_MONOTONIC in nanoseconds: the time base of everything in the segment, the same in all
// processes of one machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

#include "ipc/base/timespec.h"

namespace prefork::ipc {

// The time of a deadline that does not exist.
inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

inline std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return to_ns(now);
}

// A configured duration, which is never negative, in the same unit.
inline std::uint64_t to_ns(std::chrono::milliseconds duration) {
  return static_cast<std::uint64_t>(duration.count()) * 1'000'000;
}

inline std::uint64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }
inline std::uint64_t realtime_ns() { return clock_ns(CLOCK_REALTIME); }

}  // namespace prefork::ipc
