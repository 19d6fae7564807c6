#include "ipc/shared/wait_point.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "ipc/base/timespec.h"

namespace prefork::ipc {

namespace {

// How many each wakes that was woken: all are awake after so many steps as their number has bits.
constexpr int kPassedOnTo = 2;

bool wake_sleepers(Atomic<std::uint32_t>& changes, int count) {
  return ::syscall(SYS_futex, &changes, FUTEX_WAKE, count, nullptr, nullptr, 0) > 0;
}

}  // namespace

bool WaitPoint::wake(int count) {
  if (is_awaited_.exchange(0) == 0) {
    return false;
  }
  changes_.fetch_add(1);
  return wake_sleepers(changes_, count);
}

bool WaitPoint::wake_in_turn() {
  if (!wake(1)) {
    return false;
  }
  // There may be more of them. Should this one be killed, the next change wakes another.
  is_awaited_.store(1);
  return true;
}

bool WaitPoint::sleep(std::uint32_t announced, std::uint64_t for_ns) {
  const timespec time = to_timespec(for_ns);
  return ::syscall(SYS_futex, &changes_, FUTEX_WAIT, announced, &time, nullptr, 0) == 0 ||
         errno != ETIMEDOUT;
}

bool WaitPoint::sleep_in_turn(std::uint32_t announced, std::uint64_t for_ns) {
  const bool was_woken = sleep(announced, for_ns);
  // Linux wakes who has slept longest, so all who slept at this change are awake before one that
  // has announced itself since: it sees no change and passes on nothing.
  if (changes_.load() != announced) {
    wake_sleepers(changes_, kPassedOnTo);
  }
  return was_woken;
}

}  // namespace prefork::ipc
