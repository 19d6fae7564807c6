#include "workers/worker/request_boxes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "workers/worker/request_text.h"

namespace prefork::worker {

static_assert(RequestBoxes::kNone == 64, "each has a bit of a word, and no bit is none");

// The lowest one that is free: of few requests at a time, the memory of few boxes is touched.
std::uint32_t RequestBoxes::keep(const http::Request& request) {
  std::uint64_t free = free_.load(std::memory_order_relaxed);
  while (free != 0 &&
         !free_.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire)) {
  }
  const auto index = static_cast<std::uint32_t>(std::countr_zero(free));
  if (index == kNone) {
    return kNone;
  }
  ipc::KeptRequests::Box& box = kept_.box(self_, index);
  const std::size_t body_size = std::min(request.body.size(), sizeof box.body);
  box.body_bytes = request.body.size();
  box.is_streamed = request.content != nullptr && request.body.empty() ? 1 : 0;
  box.head_size = static_cast<std::uint32_t>(write_request_head(request, body_size, box.head));
  box.body_size = static_cast<std::uint32_t>(body_size);
  if (body_size != 0) {
    std::memcpy(box.body, request.body.data(), body_size);
  }
  box.id.store(request.id, std::memory_order_release);
  return index;
}

void RequestBoxes::release(std::uint32_t box) {
  if (box != kNone) {
    kept_.box(self_, box).id.store(0, std::memory_order_release);
    free_.fetch_or(std::uint64_t{1} << box, std::memory_order_release);
  }
}

}  // namespace prefork::worker
