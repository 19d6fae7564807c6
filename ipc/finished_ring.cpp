#include "ipc/finished_ring.h"

namespace prefork::ipc {

std::vector<FinishedRequest> FinishedRing::get() const {
  const std::uint64_t next = next_.load(std::memory_order_acquire);
  std::vector<FinishedRequest> found;
  for (std::uint64_t back = 1; back <= std::min<std::uint64_t>(next, kShown); ++back) {
    const Box& box = boxes_[(next - back) % kBoxes];
    FinishedRequest& request = found.emplace_back();
    request.ended_ns = box[kEnded].load(std::memory_order_relaxed);
    request.duration_ns = box[kDuration].load(std::memory_order_relaxed);
    request.id = box[kId].load(std::memory_order_relaxed);
    request.status = static_cast<int>(box[kStatus].load(std::memory_order_relaxed) % 1000);
    std::array<char, FinishedRequest::kMaxPathBytes> path;
    for (std::size_t i = 0; i < kPathWords; ++i) {
      const std::uint64_t word = box[kPath + i].load(std::memory_order_relaxed);
      std::memcpy(path.data() + i * sizeof word, &word, sizeof word);
    }
    request.path.assign(path.data(), ::strnlen(path.data(), path.size()));
  }
  return found;
}

}  // namespace prefork::ipc
