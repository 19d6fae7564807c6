// A clock that shows what the test sets.
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/base/clock.h"

namespace prefork::test {

class SetClock final : public ipc::Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const override { return time_ns; }
  std::atomic<std::uint64_t> time_ns{1'000'000'000'000};
};

}  // namespace prefork::test
