// The return addresses of a thread, innermost first, as a signal handler writes them into shared
// memory. Each is that of an instruction within the call, not of the one behind it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace prefork::ipc {

class CallStack {
 public:
  static constexpr std::uint32_t kMaxFrames = 64;

  // For its one writer, in a signal handler too.
  void clear() { count_.store(0, std::memory_order_release); }
  // False when there is no more room.
  bool add(std::uint64_t address) {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    if (count >= kMaxFrames) {
      return false;
    }
    addresses_[count].store(address, std::memory_order_release);
    count_.store(count + 1, std::memory_order_release);
    return true;
  }

  [[nodiscard]] std::uint32_t size() const {
    return std::min(count_.load(std::memory_order_relaxed), kMaxFrames);
  }

  // As far as it has been written.
  [[nodiscard]] std::vector<std::uint64_t> get() const {
    const std::uint32_t count = std::min(count_.load(std::memory_order_acquire), kMaxFrames);
    std::vector<std::uint64_t> addresses;
    for (std::uint32_t i = 0; i < count; ++i) {
      addresses.push_back(addresses_[i].load(std::memory_order_acquire));
    }
    return addresses;
  }

 private:
  std::atomic<std::uint32_t> count_{0};
  std::array<std::atomic<std::uint64_t>, kMaxFrames> addresses_{};
};

}  // namespace prefork::ipc
