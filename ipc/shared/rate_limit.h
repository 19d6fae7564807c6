// So many per time among all processes, with bursts: the generic cell rate algorithm (ITU-T I.371).
// One word says when the budget would be full again; taking moves it on in one step, so nothing is
// lost or counted twice with a process. In shared memory; all zero: the full burst is there. Any
// process, any thread; nothing here waits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ipc/base/atomic.h"
#include "ipc/base/monotonic.h"

namespace prefork::ipc {

struct Rate {
  std::uint64_t interval_ns = 0;  // between two, at least 1
  std::uint64_t burst = 1;        // at once, at least 1; interval times burst at most a year
};

class RateLimit {
 public:
  // How long to wait before it is worth asking again, in ns; 0: they are taken. kNever: more than
  // the burst. `rate`: for all callers the same.
  std::uint64_t take(const Rate& rate, std::uint64_t units, std::uint64_t now_ns) {
    const std::uint64_t window_ns = rate.interval_ns * rate.burst;
    if (units > rate.burst) {
      return kNever;
    }
    std::uint64_t full_at_ns = full_at_ns_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t from_ns = std::clamp(full_at_ns, now_ns, now_ns + window_ns);
      const std::uint64_t then_ns = from_ns + units * rate.interval_ns;
      if (then_ns - now_ns > window_ns) {
        return then_ns - now_ns - window_ns;
      }
      if (full_at_ns_.compare_exchange_weak(full_at_ns, then_ns, std::memory_order_relaxed)) {
        return 0;
      }
    }
  }

  // How many could be taken at once.
  [[nodiscard]] std::uint64_t available(const Rate& rate, std::uint64_t now_ns) const {
    const std::uint64_t window_ns = rate.interval_ns * rate.burst;
    const std::uint64_t full_at_ns = full_at_ns_.load(std::memory_order_relaxed);
    return (now_ns + window_ns - std::clamp(full_at_ns, now_ns, now_ns + window_ns)) /
           rate.interval_ns;
  }

 private:
  Atomic<std::uint64_t> full_at_ns_{0};
};

}  // namespace prefork::ipc
