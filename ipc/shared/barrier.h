// A number of threads of all processes wait for each other; when the last one comes, all go on, and
// the next round begins. In shared memory; all zero: nobody has come. Who dies while it waits, or
// whose time is up, does not count any more: the round waits for another one. Any process, any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ipc/base/atomic.h"
#include "ipc/shared/mutex.h"

namespace prefork::ipc {

class Barrier {
 public:
  static constexpr std::uint32_t kMaxParties = 256;

  // `parties`: how many wait for each other, 1 to kMaxParties, for all callers the same. `done` or
  // `timed_out`; this later than asked for only as long as a process that is stopped (SIGSTOP)
  // stands within these functions.
  Outcome arrive_and_wait(const WaitName& name, std::uint32_t parties, std::uint64_t timeout_ns);

  // How many of that many have come.
  [[nodiscard]] std::uint32_t arrived(std::uint32_t parties) const;

 private:
  // One thread's visit.
  struct Visit {
    std::uint32_t parties;
    std::optional<std::uint32_t> place;
    std::uint32_t round = 0;
  };

  [[nodiscard]] static bool has_come(std::uint64_t place, std::uint32_t round) {
    return !ProcessKey(place).is_none() && (place & ProcessKey::kMarks) == mark_of(round);
  }
  [[nodiscard]] static std::uint64_t mark_of(std::uint32_t round) {
    return round & ProcessKey::kMarks;
  }
  [[nodiscard]] bool has_passed(const Visit& visit) const {
    return visit.place && round_.load() != visit.round;
  }
  bool arrive(Visit& visit, Look look);
  // With the lock held. Each change is one store, after which everything is as it should be.
  bool take_place(Visit& visit);
  bool have_all_come(std::uint32_t parties);

  Mutex changing_;
  Atomic<std::uint32_t> round_{0};
  WaitPoint waiting_;
  // Who has come: the process, and the last bits of the round beside it. A round ends when all
  // places are of it, so what is of another one is of the last, and free.
  std::array<Atomic<std::uint64_t>, kMaxParties> places_{};
};

}  // namespace prefork::ipc
