// Stands for ipc/base/atomic.h where the code is explored: each access is a step, before which
// another logical thread may have its turn. Sequentially consistent, whatever order was asked for:
// what weaker orders allow besides is ThreadSanitizer's business.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "tests/model/explorer.h"

namespace prefork::ipc {

template <typename Value>
class Atomic {
 public:
  static constexpr bool is_always_lock_free = true;

  constexpr Atomic() = default;
  constexpr Atomic(Value value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  Value load(std::memory_order = std::memory_order_seq_cst) const {
    model::Explorer::before_read(&value_, static_cast<std::uint64_t>(value_));
    return value_;
  }
  void store(Value value, std::memory_order = std::memory_order_seq_cst) {
    model::Explorer::before_change(&value_);
    value_ = value;
  }
  Value exchange(Value value, std::memory_order = std::memory_order_seq_cst) {
    model::Explorer::before_change(&value_);
    return std::exchange(value_, value);
  }
  Value fetch_add(Value amount, std::memory_order = std::memory_order_seq_cst) {
    model::Explorer::before_change(&value_);
    return std::exchange(value_, static_cast<Value>(value_ + amount));
  }
  bool compare_exchange_strong(Value& expected, Value desired,
                               std::memory_order = std::memory_order_seq_cst) {
    model::Explorer::before_change(&value_);
    if (value_ != expected) {
      expected = value_;
      return false;
    }
    value_ = desired;
    return true;
  }
  bool compare_exchange_weak(Value& expected, Value desired,
                             std::memory_order order = std::memory_order_seq_cst) {
    return compare_exchange_strong(expected, desired, order);
  }

 private:
  Value value_{};
};

}  // namespace prefork::ipc
