// One number that all processes change, each change in one step. In shared memory; all zero: 0.
// What overflows wraps around. Any process, any thread; nothing here waits.
#pragma once

#include <cstdint>

#include "ipc/base/atomic.h"

namespace prefork::ipc {

class SharedNumber {
 public:
  [[nodiscard]] std::int64_t get() const { return value_.load(); }
  void set(std::int64_t value) { value_.store(value); }
  // What it is then.
  std::int64_t add(std::int64_t amount) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value_.fetch_add(amount)) +
                                     static_cast<std::uint64_t>(amount));
  }
  // False, and `expected` becomes what it is, when that is something else.
  bool replace(std::int64_t& expected, std::int64_t desired) {
    return value_.compare_exchange_strong(expected, desired);
  }

 private:
  Atomic<std::int64_t> value_{0};
};

}  // namespace prefork::ipc
