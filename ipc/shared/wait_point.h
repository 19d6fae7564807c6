// Where threads of several processes wait until something is worth another try: futex(2) in shared
// memory. Nobody relies on being woken. A sleep is short (at most 50 ms, to begin with 1 ms), and
// after it the owners are looked at, so a process that dies before it wakes the next one delays it
// by no more than that. Any process, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "ipc/base/atomic.h"
#include "ipc/base/monotonic.h"
#include "ipc/shared/wait_board.h"

namespace prefork::ipc {

// What the primitives say.
enum class Outcome : std::uint8_t {
  done,
  owner_died,  // done, and who owned it before has died with it
  timed_out,   // not done
  not_owner,   // not done: this process does not own it
};

// Whether an attempt may ask the system which owners live, which takes some microseconds for each.
enum class Look : std::uint8_t { no, at_owners };

class WaitPoint {
 public:
  // After something changed. Where nobody waits it costs a load. True: somebody was asleep.
  bool wake_one() { return is_awaited_.load() != 0 && wake(1); }
  void wake_all() {
    if (is_awaited_.load() != 0) {
      wake(kAll);
    }
  }

  // For those who are all to learn of every change: at the cost of one wake-up, however many sleep.
  // Each whom it wakes wakes others, so they sleep by sleep_in_turn().
  bool wake_in_turn();

  // Before the last attempt that precedes a sleep. What it returns is for sleep(): from before it
  // is announced, since who clears that again counts a change.
  std::uint32_t announce() {
    const std::uint32_t changes = changes_.load();
    is_awaited_.store(1);
    return changes;
  }
  // False: the time is up.
  bool sleep(std::uint32_t announced, std::uint64_t for_ns);
  // Likewise, and passes on what wake_in_turn() has begun. Who is killed before it can do so delays
  // the others until the next change, or until their time is up.
  bool sleep_in_turn(std::uint32_t announced, std::uint64_t for_ns);

 private:
  static constexpr int kAll = 0x7FFFFFFF;

  bool wake(int count);

  Atomic<std::uint32_t> changes_{0};
  // Set by each before it sleeps, cleared by who wakes: the one that is woken and finds that it has
  // to wait again sets it again.
  Atomic<std::uint32_t> is_awaited_{0};
};

// Until when; 0: it is not waited for at all.
inline std::uint64_t deadline_after(std::uint64_t timeout_ns) {
  if (timeout_ns == 0) {
    return 0;
  }
  const std::uint64_t now_ns = monotonic_ns();
  return timeout_ns < kNever - now_ns ? now_ns + timeout_ns : kNever;
}

// Calls `attempt(Look)` until it gives something, which it returns, or until the deadline: then
// what the last attempt gave, which is nothing. An attempt changes all or nothing.
template <typename Attempt>
auto wait_for(WaitPoint& point, const WaitName& name, std::uint64_t deadline_ns, Attempt attempt)
    -> decltype(attempt(Look::no)) {
  constexpr std::uint64_t kShortestSleepNs = 1'000'000;
  constexpr std::uint64_t kLongestSleepNs = 50'000'000;
  if (deadline_ns == 0) {
    return attempt(Look::at_owners);
  }
  const ShownWaiter shown(name);
  for (std::uint64_t sleep_ns = kShortestSleepNs;;
       sleep_ns = std::min(2 * sleep_ns, kLongestSleepNs)) {
    const std::uint32_t announced = point.announce();
    if (auto got = attempt(Look::no)) {
      return got;
    }
    const std::uint64_t now_ns = monotonic_ns();
    if (now_ns >= deadline_ns) {
      return attempt(Look::at_owners);
    }
    if (!point.sleep(announced, std::min(sleep_ns, deadline_ns - now_ns))) {
      if (auto got = attempt(Look::at_owners)) {
        return got;
      }
    }
  }
}

}  // namespace prefork::ipc
