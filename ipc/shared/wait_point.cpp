#include "ipc/shared/wait_point.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace prefork::ipc {

bool WaitPoint::wake(int count) {
  if (is_awaited_.exchange(0) == 0) {
    return false;
  }
  changes_.fetch_add(1);
  return ::syscall(SYS_futex, &changes_, FUTEX_WAKE, count, nullptr, nullptr, 0) > 0;
}

bool WaitPoint::sleep(std::uint32_t announced, std::uint64_t for_ns) {
  constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  const timespec time{static_cast<std::time_t>(for_ns / kNsPerSecond),
                      static_cast<long>(for_ns % kNsPerSecond)};
  return ::syscall(SYS_futex, &changes_, FUTEX_WAIT, announced, &time, nullptr, 0) == 0 ||
         errno != ETIMEDOUT;
}

}  // namespace prefork::ipc
