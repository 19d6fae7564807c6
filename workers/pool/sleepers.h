// Threads that have nothing to do. The one that fell asleep last is woken first: what it needs is
// still in the caches, and the others may go on sleeping. Each waits on a word of its own
// (futex(2)), so that a wake-up reaches exactly one.
//
// lie_down(), rise() and got_up() under the pool's mutex; sleep() and wake() without it.
#pragma once

#include <cstdint>
#include <utility>

#include "ipc/base/atomic.h"

namespace prefork::pool {

class Sleepers {
 public:
  // Where one thread sleeps, for as long as the pool lives. Only Sleepers looks into it.
  struct Bed {
    ipc::Atomic<std::uint32_t> is_awake{0};
    Bed* below = nullptr;
  };

  [[nodiscard]] bool empty() const { return top_ == nullptr; }
  void lie_down(Bed& bed) {
    bed.below = top_;
    top_ = &bed;
  }
  // Whom to wake next. Null: nobody sleeps, or somebody is on the way already, who has the next one
  // woken if that is worth it.
  Bed* rise() {
    if (top_ == nullptr || on_the_way_) {
      return nullptr;
    }
    on_the_way_ = true;
    return std::exchange(top_, top_->below);
  }
  // By the one that has woken up, before it looks for something to do.
  void got_up() { on_the_way_ = false; }

  // Until somebody wakes whoever lies there; a wake-up that came first counts.
  static void sleep(Bed& bed);
  static void wake(Bed& bed);

 private:
  Bed* top_ = nullptr;
  bool on_the_way_ = false;
};

}  // namespace prefork::pool
