#include "ipc/shared/semaphore.h"

namespace prefork::ipc {

Semaphore::Acquired Semaphore::acquire(const WaitName& name, std::uint32_t units,
                                       std::uint64_t timeout_ns) {
  if (const auto at_once = try_acquire(units, Look::no)) {
    return *at_once;
  }
  const auto acquired = wait_for(waiting_, name, deadline_after(timeout_ns),
                                 [this, units](Look look) { return try_acquire(units, look); });
  // Of several that were given back while it woke up, others may be there still.
  waiting_.wake_one();
  return acquired.value_or(Acquired{});
}

Outcome Semaphore::release(std::uint32_t unit) {
  if (unit >= kMaxUnits || !units_[unit].release()) {
    return Outcome::not_owner;
  }
  hint_.store(unit, std::memory_order_relaxed);
  waiting_.wake_one();
  return Outcome::done;
}

std::optional<Semaphore::Acquired> Semaphore::try_acquire(std::uint32_t units, Look look) {
  const std::uint32_t start = hint_.load(std::memory_order_relaxed) % units;
  for (std::uint32_t i = 0; i < units; ++i) {
    const std::uint32_t unit = (start + i) % units;
    if (!units_[unit].is_taken() && units_[unit].try_take() == Taken::yes) {
      return Acquired{Outcome::done, unit};
    }
  }
  ProcessKey alive;  // was looked at already
  for (std::uint32_t unit = 0; look == Look::at_owners && unit < units; ++unit) {
    const ProcessKey owner = units_[unit].owner();
    if (owner == alive && !owner.is_none()) {
      continue;
    }
    const Taken taken = units_[unit].take_even_from_dead();
    if (taken != Taken::no) {
      return Acquired{taken == Taken::yes ? Outcome::done : Outcome::owner_died, unit};
    }
    alive = owner;
  }
  return std::nullopt;
}

}  // namespace prefork::ipc
