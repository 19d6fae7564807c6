// A word of shared memory that says which process owns something. It is taken and given back in one
// step each, so a process that is killed at any instruction owns it or does not; what a dead one
// owns is taken over by the next, who is told. Any process, any thread.
#pragma once

#include <cstdint>

#include "ipc/base/atomic.h"
#include "ipc/base/process_key.h"

namespace prefork::ipc {

enum class Taken : std::uint8_t {
  no,         // another one owns it
  yes,        // it was free
  from_dead,  // its last owner died with it
};

class OwnerWord {
 public:
  // Never waits and never looks whether an owner lives.
  Taken try_take() {
    std::uint64_t seen = kFree;
    return word_.compare_exchange_strong(seen, ProcessKey::own().bits()) ? Taken::yes : Taken::no;
  }

  // Also from an owner that is dead. Asks the system about it.
  Taken take_even_from_dead() {
    std::uint64_t seen = word_.load();
    const ProcessKey owner(seen);
    if (owner.is_none()) {
      return try_take();
    }
    return !owner.is_alive() && word_.compare_exchange_strong(seen, ProcessKey::own().bits())
               ? Taken::from_dead
               : Taken::no;
  }

  // False: this process does not own it.
  bool release() {
    std::uint64_t own = ProcessKey::own().bits();
    return word_.compare_exchange_strong(own, kFree);
  }

  // True when its owner was dead: now it is free, and nobody is told.
  bool free_from_dead() {
    std::uint64_t seen = word_.load();
    const ProcessKey owner(seen);
    return !owner.is_none() && !owner.is_alive() && word_.compare_exchange_strong(seen, kFree);
  }

  [[nodiscard]] bool is_taken() const { return word_.load() != kFree; }
  // None: nobody. It may have changed by the time it is looked at.
  [[nodiscard]] ProcessKey owner() const { return ProcessKey(word_.load()); }

 private:
  static constexpr std::uint64_t kFree = 0;

  Atomic<std::uint64_t> word_{kFree};
};

static_assert(Atomic<std::uint64_t>::is_always_lock_free);

}  // namespace prefork::ipc
