// The last requests that a worker has finished, for its last words. Lives in the statistics
// segment; the worker's event loop is the only writer, with a few plain stores for each request.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/first_bytes.h"

namespace prefork::ipc {

struct FinishedRequest {
  static constexpr std::size_t kMaxPathBytes = 24;

  std::uint64_t ended_ns = 0;  // CLOCK_MONOTONIC, as the event loop's turn has it
  std::uint64_t duration_ns = 0;
  std::uint64_t id = 0;  // 0: it was not understood
  int status = 0;
  std::string path;  // cut after kMaxPathBytes
};

class FinishedRing {
 public:
  static constexpr std::size_t kShown = 32;

  struct Entry {
    std::uint64_t ended_ns = 0;
    std::uint64_t duration_ns = 0;
    std::uint64_t id = 0;
    int status = 0;
    std::string_view path;
  };

  void add(const Entry& entry) {
    const std::uint64_t number = next_.load(std::memory_order_relaxed);
    Box& box = boxes_[number % kBoxes];
    box[kEnded].store(entry.ended_ns, std::memory_order_relaxed);
    box[kDuration].store(entry.duration_ns, std::memory_order_relaxed);
    box[kId].store(entry.id, std::memory_order_relaxed);
    box[kStatus].store(static_cast<std::uint64_t>(entry.status), std::memory_order_relaxed);
    const char* const path = entry.path.data();
    const std::size_t size = entry.path.size();
    box[kPath].store(first_bytes(path, size), std::memory_order_relaxed);
    box[kPath + 1].store(size > 8 ? first_bytes(path + 8, size - 8) : 0, std::memory_order_relaxed);
    box[kPath + 2].store(size > 16 ? first_bytes(path + 16, size - 16) : 0,
                         std::memory_order_relaxed);
    next_.store(number + 1, std::memory_order_release);
  }

  // The newest first. Of a worker that writes meanwhile they may be mixed up; of one that has ended
  // they are not: the box that it was writing is none of these.
  [[nodiscard]] std::vector<FinishedRequest> get() const;
  // When nobody writes any more.
  void clear() { next_.store(0, std::memory_order_release); }

 private:
  enum Word : std::size_t { kEnded, kDuration, kId, kStatus, kPath };
  static constexpr std::size_t kPathWords = FinishedRequest::kMaxPathBytes / 8;
  static constexpr std::size_t kBoxes = 2 * kShown;
  using Box = std::array<std::atomic<std::uint64_t>, kPath + kPathWords>;

  std::atomic<std::uint64_t> next_{0};
  std::array<Box, kBoxes> boxes_{};
};

}  // namespace prefork::ipc
