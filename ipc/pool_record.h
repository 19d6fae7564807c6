// What one class of a worker's thread pool says of itself, in the worker's record. Written under
// the pool's mutex, so by one thread at a time; readers take each number for itself.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prefork::ipc {

inline constexpr std::size_t kMaxPools = 8;
inline constexpr std::size_t kMaxPoolNameBytes = 15;

class PoolRecord {
 public:
  enum class Number : std::size_t {
    threads,   // that it was given
    busy,      // of these: running a handler
    queued,    // requests that wait
    rejected,  // 503: the queue was full
    shed,      // 503: waited for too long
    skipped,   // nobody wanted the answer any more
    count_
  };
  static constexpr std::size_t kNumbers = static_cast<std::size_t>(Number::count_);
  // By enumerator: what readers call them.
  static constexpr std::array<std::string_view, kNumbers> kNumberNames = {
      "threads", "busy", "queued", "rejected", "shed", "skipped"};

  // Before the first thread. At most kMaxPoolNameBytes.
  void set_name(std::string_view name);
  // Empty: there is no such class. The reader checks what it is made of.
  [[nodiscard]] std::string name() const;

  void set(Number number, std::uint64_t value) {
    at(number).store(value, std::memory_order_relaxed);
  }
  void add_one(Number number) { set(number, get(number) + 1); }
  [[nodiscard]] std::uint64_t get(Number number) const {
    return numbers_[static_cast<std::size_t>(number)].load(std::memory_order_relaxed);
  }

  void clear();

 private:
  std::atomic<std::uint64_t>& at(Number number) {
    return numbers_[static_cast<std::size_t>(number)];
  }

  std::array<std::atomic<std::uint64_t>, 2> name_{};
  std::array<std::atomic<std::uint64_t>, kNumbers> numbers_{};
};

}  // namespace prefork::ipc
