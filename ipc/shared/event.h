// Something that has happened or has not, for which threads of all processes wait: set releases all
// of them, and who comes later does not wait until it is cleared. In shared memory; all zero: not
// set. Nobody owns it, so nothing is lost with a process. Any process, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/base/atomic.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class Event {
 public:
  void set() {
    is_set_.store(1);
    waiting_.wake_all();
  }
  void clear() { is_set_.store(0); }
  [[nodiscard]] bool is_set() const { return is_set_.load() != 0; }

  // `done` or `timed_out`.
  Outcome wait(const WaitName& name, std::uint64_t timeout_ns) {
    const auto attempt = [this](Look) -> std::optional<Outcome> {
      return is_set() ? std::optional(Outcome::done) : std::nullopt;
    };
    if (is_set()) {
      return Outcome::done;
    }
    return wait_for(waiting_, name, deadline_after(timeout_ns), attempt)
        .value_or(Outcome::timed_out);
  }

 private:
  Atomic<std::uint32_t> is_set_{0};
  WaitPoint waiting_;
};

}  // namespace prefork::ipc
