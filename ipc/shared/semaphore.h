// A number of units, each owned by at most one thread of all processes; they are numbered, so that
// who has one may use the number (of a connection, a port). In shared memory; all zero: every unit
// is free. Those of a process that died are free again. Not fair. Any process, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ipc/base/atomic.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class Semaphore {
 public:
  static constexpr std::uint32_t kMaxUnits = 256;

  struct Acquired {
    Outcome outcome = Outcome::timed_out;
    std::uint32_t unit = 0;
  };

  // `units`: how many there are, 1 to kMaxUnits, for all callers the same. `owner_died`: who had
  // this unit before has died with it. Never `not_owner`.
  Acquired acquire(const WaitName& name, std::uint32_t units, std::uint64_t timeout_ns);
  // `done` or `not_owner`.
  Outcome release(std::uint32_t unit);

  [[nodiscard]] ProcessKey owner(std::uint32_t unit) const { return units_[unit].owner(); }

 private:
  std::optional<Acquired> try_acquire(std::uint32_t units, Look look);

  // Where to look first: what was given back last is not likely to be cold.
  Atomic<std::uint32_t> hint_{0};
  WaitPoint waiting_;
  std::array<OwnerWord, kMaxUnits> units_;
};

}  // namespace prefork::ipc
