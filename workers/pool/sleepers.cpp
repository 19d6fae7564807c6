#include "workers/pool/sleepers.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace prefork::pool {

static_assert(sizeof(ipc::Atomic<std::uint32_t>) == sizeof(std::uint32_t));

void Sleepers::sleep(Bed& bed) {
  while (bed.is_awake.exchange(0, std::memory_order_acquire) == 0) {
    ::syscall(SYS_futex, &bed.is_awake, FUTEX_WAIT_PRIVATE, 0U, nullptr, nullptr, 0);
  }
}

void Sleepers::wake(Bed& bed) {
  bed.is_awake.store(1, std::memory_order_release);
  ::syscall(SYS_futex, &bed.is_awake, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace prefork::pool
