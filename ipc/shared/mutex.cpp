#include "ipc/shared/mutex.h"

namespace prefork::ipc {

namespace {

// Lets the other hardware thread of the core go on.
void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Outcome Mutex::wait_to_lock(const WaitName& name, std::uint64_t timeout_ns) {
  // Most are held for less time than a sleep takes.
  constexpr int kSpins = 64;
  for (int i = 0; i < kSpins && timeout_ns != 0; ++i) {
    pause_briefly();
    if (!owner_.is_taken() && owner_.try_take() == Taken::yes) {
      return Outcome::done;
    }
  }
  const auto attempt = [this](Look look) -> std::optional<Outcome> {
    const Taken taken = look == Look::no ? owner_.try_take() : owner_.take_even_from_dead();
    if (taken == Taken::no) {
      return std::nullopt;
    }
    return taken == Taken::yes ? Outcome::done : Outcome::owner_died;
  };
  return wait_for(waiting_, name, deadline_after(timeout_ns), attempt).value_or(Outcome::timed_out);
}

}  // namespace prefork::ipc
