// Threads that have nothing to do. The one that fell asleep last is woken first: what it needs is
// still in the caches, and the others may go on sleeping. Each waits on a word of its own
// (futex(2)), so that a wake-up reaches exactly one.
//
// lie_down() and rise() under the pool's mutex; sleep() and wake() without it.
#pragma once

#include <atomic>
#include <cstdint>

namespace prefork::pool {

class Sleepers {
 public:
  // Where one thread sleeps, for as long as the pool lives. Only Sleepers looks into it.
  struct Bed {
    std::atomic<std::uint32_t> is_awake{0};
    Bed* below = nullptr;
  };

  [[nodiscard]] bool empty() const { return top_ == nullptr; }
  void lie_down(Bed& bed) {
    bed.below = top_;
    top_ = &bed;
  }
  // Whom to wake next; null when nobody sleeps.
  Bed* rise() {
    Bed* const bed = top_;
    if (bed != nullptr) {
      top_ = bed->below;
    }
    return bed;
  }

  // Until somebody wakes whoever lies there; a wake-up that came first counts.
  static void sleep(Bed& bed);
  static void wake(Bed& bed);

 private:
  Bed* top_ = nullptr;
};

}  // namespace prefork::pool
