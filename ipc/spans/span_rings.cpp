#include "ipc/spans/span_rings.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr const char* kWhatSpans = "the spans of workers";
// The head has a page of its own.
constexpr std::size_t kHeadBytes = 4096;

std::size_t size_of_rings(std::uint32_t slots) {
  return kHeadBytes + std::size_t{slots} * kSeatsPerSlot * sizeof(SpanRing);
}

}  // namespace

struct SpanRings::Head {
  SpanTotals totals;
  std::atomic<std::uint32_t> slots_used;  // one past the highest
};

std::size_t SpanRings::head_bytes() { return sizeof(Head); }

void SpanRing::take(std::vector<SpanRecord>& to, std::size_t most) {
  std::uint64_t from = taken_.load(std::memory_order_acquire);
  const std::uint64_t written = written_.load(std::memory_order_acquire);
  std::uint64_t count = written - from;
  if (count > kSpans) {
    // No writer of ours leaves that: there is nothing to be made of it.
    taken_.compare_exchange_strong(from, written, std::memory_order_acq_rel);
    return;
  }
  count = std::min<std::uint64_t>(count, most);
  const std::size_t before = to.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    to.push_back(records_[(from + i) % kSpans]);
  }
  // They are the writer's again from here on; or another's, who was quicker.
  if (count != 0 &&
      !taken_.compare_exchange_strong(from, from + count, std::memory_order_acq_rel)) {
    to.resize(before);
  }
}

SpanRings::SpanRings(std::uint32_t slots) : slots_(slots), size_(size_of_rings(slots)) {
  memory_ = make_shared_memory("prefork-spans", size_, kWhatSpans);
  map();
}

SpanRings::SpanRings(OwnedFd memory, std::uint32_t slots)
    : memory_(std::move(memory)), slots_(slots), size_(size_of_rings(slots)) {
  struct stat about {};
  if (::fstat(memory_.get(), &about) != 0 || std::cmp_not_equal(about.st_size, size_)) {
    throw std::runtime_error("the spans of workers are not those of so many slots");
  }
  map();
}

// Zero is the initial value of everything in it.
void SpanRings::map() {
  base_ = map_shared_memory(memory_, size_, kWhatSpans);
  static_cast<void>(::madvise(base_, size_, MADV_DONTDUMP));
}

void SpanRings::unmap() {
  if (base_ != nullptr) {
    ::munmap(base_, size_);
    base_ = nullptr;
  }
}

SpanRings::Head& SpanRings::head() const {
  static_assert(sizeof(Head) <= kHeadBytes);
  PREFORK_CHECK(base_ != nullptr);
  return *static_cast<Head*>(base_);
}

SpanTotals& SpanRings::totals() const { return head().totals; }

std::uint32_t SpanRings::slots_used() const {
  return std::min(head().slots_used.load(std::memory_order_acquire), slots_);
}

SpanRing& SpanRings::ring_to_fill(Place at) const {
  std::atomic<std::uint32_t>& used = head().slots_used;
  std::uint32_t known = used.load(std::memory_order_relaxed);
  while (known <= at.slot && !used.compare_exchange_weak(known, at.slot + 1)) {
  }
  return ring(at);
}

SpanRing& SpanRings::ring(Place at) const {
  PREFORK_CHECK(base_ != nullptr && at.slot < slots_ && at.seat < kSeatsPerSlot);
  std::byte* const rings = static_cast<std::byte*>(base_) + kHeadBytes;
  return reinterpret_cast<SpanRing*>(rings)[std::size_t{at.slot} * kSeatsPerSlot + at.seat];
}

}  // namespace prefork::ipc
