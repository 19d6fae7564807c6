// A clock that stands still until the test sets it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "ipc/base/clock.h"

namespace prefork::test {

class SetClock final : public ipc::Clock {
 public:
  explicit SetClock(std::uint64_t start_ns = 1'000'000'000'000) : time_ns(start_ns) {}

  [[nodiscard]] std::uint64_t now_ns() const override { return time_ns; }
  void advance(std::chrono::nanoseconds time) {
    time_ns += static_cast<std::uint64_t>(time.count());
  }

  std::atomic<std::uint64_t> time_ns;
};

}  // namespace prefork::test
