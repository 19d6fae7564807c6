// The boxes of a worker's unfinished requests that nobody runs at present: whose content is still
// to come, that wait for a thread, are answered later, or whose answer the client has not taken.
// Lives in the statistics segment; the worker's event loop is the only writer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "ipc/in_flight.h"

namespace prefork::ipc {

class InFlightTable {
 public:
  static constexpr std::uint32_t kBoxes = 256;

  // For its writer.
  [[nodiscard]] InFlightBox& box(std::uint32_t index) {
    if (index >= used_.load(std::memory_order_relaxed)) {
      used_.store(index + 1, std::memory_order_release);
    }
    return boxes_[index];
  }
  // So many more have no box.
  void set_more(std::uint32_t count) { more_.store(count, std::memory_order_relaxed); }
  // When nobody writes any more.
  void clear();

  // Those that were ever used: nobody touches the memory of the others.
  [[nodiscard]] std::span<const InFlightBox> boxes() const {
    return std::span(boxes_).first(std::min(used_.load(std::memory_order_acquire), kBoxes));
  }
  [[nodiscard]] std::uint32_t more() const { return more_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint32_t> more_{0};
  std::array<InFlightBox, kBoxes> boxes_;
};

}  // namespace prefork::ipc
