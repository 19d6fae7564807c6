#include "ipc/shared/once.h"

namespace prefork::ipc {

Once::Turn Once::begin(const WaitName& name, std::uint64_t timeout_ns) {
  if (const auto at_once = try_begin(Look::no)) {
    return *at_once;
  }
  return wait_for(waiting_, name, deadline_after(timeout_ns),
                  [this](Look look) { return try_begin(look); })
      .value_or(Turn::timed_out);
}

Outcome Once::end(bool is_done) {
  std::uint64_t own = ProcessKey::own().bits();
  if (!word_.compare_exchange_strong(own, is_done ? kDone : 0)) {
    return Outcome::not_owner;
  }
  waiting_.wake_all();
  return Outcome::done;
}

std::optional<Once::Turn> Once::try_begin(Look look) {
  std::uint64_t seen = word_.load();
  if (seen == kDone) {
    return Turn::is_done;
  }
  const ProcessKey owner(seen);
  if (!owner.is_none() && (look == Look::no || owner.is_alive())) {
    return std::nullopt;
  }
  if (!word_.compare_exchange_strong(seen, ProcessKey::own().bits())) {
    return std::nullopt;
  }
  return owner.is_none() ? Turn::yours : Turn::yours_from_dead;
}

}  // namespace prefork::ipc
