// Which process: its pid and when it began, in one word, so that a word of shared memory can name
// an owner in one step. A pid alone is another process's after a while; the two together never are.
// Any process, any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace prefork::ipc {

// The pid in 22 bits (Linux has no larger ones), above it 40 bits of its start in clock ticks since
// boot. The two lowest bits are zero, for those who keep marks beside an owner.
class ProcessKey {
 public:
  static constexpr unsigned kMarkBits = 2;
  static constexpr std::uint64_t kMarks = (1U << kMarkBits) - 1;

  ProcessKey() = default;
  explicit ProcessKey(std::uint64_t bits) : bits_(bits & ~kMarks) {}

  // Of the calling process, also right after a fork(2); one load.
  static ProcessKey own() {
    const std::uint64_t known = own_.load(std::memory_order_relaxed);
    return ProcessKey(known != 0 ? known : find_own());
  }

  [[nodiscard]] bool is_none() const { return bits_ == 0; }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  [[nodiscard]] std::int32_t pid() const;
  // False once none of its threads can run any more, whether it was reaped or not. Where /proc is
  // not to be seen, a pid that was given out again counts as alive. Some microseconds.
  [[nodiscard]] bool is_alive() const;

  friend bool operator==(ProcessKey, ProcessKey) = default;

 private:
  static std::uint64_t find_own();

  static inline std::atomic<std::uint64_t> own_{0};

  std::uint64_t bits_ = 0;
};

}  // namespace prefork::ipc
