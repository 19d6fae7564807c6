#include "ipc/kept/kept_requests.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr const char* kWhat = "the requests that are kept";

std::size_t size_of_boxes(std::uint32_t slots) {
  return std::size_t{slots} * kSeatsPerSlot * KeptRequests::kBoxes * sizeof(KeptRequests::Box);
}

KeptRequest copy_of(const KeptRequests::Box& box, std::uint64_t id) {
  KeptRequest kept;
  kept.id = id;
  kept.body_bytes = box.body_bytes;
  kept.is_streamed = box.is_streamed != 0;
  kept.head.assign(box.head, std::min<std::size_t>(box.head_size, sizeof box.head));
  kept.body.assign(box.body, std::min<std::size_t>(box.body_size, sizeof box.body));
  return kept;
}

}  // namespace

KeptRequests::KeptRequests(std::uint32_t slots) : slots_(slots), size_(size_of_boxes(slots)) {
  memory_ = make_shared_memory("prefork-requests", size_, kWhat);
  map();
}

KeptRequests::KeptRequests(OwnedFd memory, std::uint32_t slots)
    : memory_(std::move(memory)), slots_(slots), size_(size_of_boxes(slots)) {
  struct stat about {};
  if (::fstat(memory_.get(), &about) != 0 || std::cmp_not_equal(about.st_size, size_)) {
    throw std::runtime_error("the requests that are kept are not those of so many slots");
  }
  map();
}

// What clients have sent is not for core dumps of every process that has it mapped.
void KeptRequests::map() {
  base_ = map_shared_memory(memory_, size_, kWhat);
  static_cast<void>(::madvise(base_, size_, MADV_DONTDUMP));
}

void KeptRequests::unmap() {
  if (base_ != nullptr) {
    ::munmap(base_, size_);
    base_ = nullptr;
  }
}

KeptRequests::Box& KeptRequests::box(Place at, std::uint32_t index) const {
  PREFORK_CHECK(base_ != nullptr && at.slot < slots_ && at.seat < kSeatsPerSlot && index < kBoxes);
  return static_cast<Box*>(
      base_)[(std::size_t{at.slot} * kSeatsPerSlot + at.seat) * kBoxes + index];
}

std::vector<KeptRequest> KeptRequests::take(Place at, std::size_t most) const {
  std::vector<KeptRequest> taken;
  for (std::uint32_t index = 0; index < kBoxes; ++index) {
    Box& kept = box(at, index);
    const std::uint64_t id = kept.id.load(std::memory_order_acquire);
    if (id == 0) {
      continue;
    }
    if (taken.size() < most && kept.head_size != 0) {
      taken.push_back(copy_of(kept, id));
    }
    kept.id.store(0, std::memory_order_relaxed);
  }
  return taken;
}

}  // namespace prefork::ipc
