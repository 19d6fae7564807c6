// How many connections to accept in one turn of the loop. Looking into an empty queue is dear, as
// the kernel makes a socket before it looks (accept(2)); so it is one at first, more after so many
// turns in a row that found as many as they took, and each time that more were not there doubles
// how long it is not tried again. One thread: the event loop.
#pragma once

#include <algorithm>

namespace prefork::net {

class AcceptBatch {
 public:
  // In one turn at most: the connections already here want service too.
  static constexpr int kMost = 16;
  // Full turns in a row until more are tried, at first and at most.
  static constexpr int kLeastPatience = 8;
  static constexpr int kMostPatience = 512;

  [[nodiscard]] int size() const { return size_; }

  // A turn has found as many.
  void on_full() {
    if (++full_turns_ < patience_) {
      return;
    }
    if (size_ > 1) {
      patience_ = kLeastPatience;
    }
    full_turns_ = 0;
    size_ = std::min(2 * size_, kMost);
  }
  // A turn has found `count`, and no more. Nothing at all says nothing about how many come: a
  // sibling was faster.
  void on_short(int count) {
    if (count != 0) {
      patience_ = std::min(2 * patience_, kMostPatience);
    }
    size_ = 1;
    full_turns_ = 0;
  }

 private:
  int size_ = 1;
  int full_turns_ = 0;
  int patience_ = kLeastPatience;
};

}  // namespace prefork::net
