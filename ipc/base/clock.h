// What time it is: CLOCK_MONOTONIC in nanoseconds, the time base of deadlines and of everything in
// the statistics segment. Whoever waits or measures is handed a clock, so that a test can set it.
#pragma once

#include <cstdint>

#include "ipc/base/monotonic.h"

namespace prefork::ipc {

class Clock {
 public:
  Clock() = default;
  virtual ~Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  // Never goes back. Any thread.
  [[nodiscard]] virtual std::uint64_t now_ns() const = 0;
};

// clock_gettime(2).
class MonotonicClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const override { return monotonic_ns(); }
};

}  // namespace prefork::ipc
