// At most one owner among the threads of all processes. In shared memory; all zero: free. Not
// recursive, and not fair. A thread of the owning process may give back what another of its
// threads took. Any process, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class Mutex {
 public:
  // 0 ns: does not wait. `owner_died`: it is this process's now, and what it protects may be half
  // changed. Never `not_owner`.
  Outcome lock(const WaitName& name, std::uint64_t timeout_ns) {
    if (owner_.try_take() == Taken::yes) {
      return Outcome::done;
    }
    return wait_to_lock(name, timeout_ns);
  }

  // `done` or `not_owner`.
  Outcome unlock() {
    if (!owner_.release()) {
      return Outcome::not_owner;
    }
    waiting_.wake_one();
    return Outcome::done;
  }

  [[nodiscard]] ProcessKey owner() const { return owner_.owner(); }

 private:
  Outcome wait_to_lock(const WaitName& name, std::uint64_t timeout_ns);

  OwnerWord owner_;
  WaitPoint waiting_;
};

// How long a primitive that guards its own state by a mutex waits for another one's change, which
// takes microseconds, before it looks at the caller's time-out again.
constexpr std::uint64_t kOthersChangeNs = 2'000'000;

}  // namespace prefork::ipc
