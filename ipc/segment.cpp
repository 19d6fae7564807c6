#include "ipc/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr const char* kWhat = "the statistics segment";

std::size_t size_for(std::uint32_t slot_capacity) {
  const std::size_t records = 1 + std::size_t{slot_capacity} * kSeatsPerSlot;
  return sizeof(SegmentHeader) + slot_capacity * sizeof(SlotNotes) + records * sizeof(WorkerRecord);
}

// A file that is open for reading alone has no mapping that could be made writable (mprotect(2)).
OwnedFd reopened_for_reading(int fd) {
  return OwnedFd(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
}

void clear_record(WorkerRecord& record, const RequestLabels& labels) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  record.accepting.store(0, kRelaxed);
  record.load.store(0, kRelaxed);
  record.pid.store(0, kRelaxed);
  record.epoch.store(0, kRelaxed);
  record.generation.store(0, kRelaxed);
  record.state.store(ProcessState::vacant, kRelaxed);
  record.times.forked_realtime_ns.store(0, kRelaxed);
  record.times.forked_monotonic_ns.store(0, kRelaxed);
  record.times.ready_monotonic_ns.store(0, kRelaxed);
  record.times.final_cpu_us.store(0, kRelaxed);
  record.pulse.beat_ns.store(0, kRelaxed);
  record.pulse.asleep_until_ns.store(0, kRelaxed);
  record.counters.clear();
  record.gauges.clear();
  record.app_numbers.clear();
  record.latency.clear();
  record.queue_wait.clear();
  record.run_time.clear();
  record.routes.clear(labels.kinds, labels.routes.labels());
  for (PoolRecord& pool : record.pools) {
    pool.clear();
  }
  record.loop_request.clear();
  for (InFlightBox& request : record.pool_requests) {
    request.clear();
  }
  record.unfinished_requests.clear();
  record.trace.clear();
}

}  // namespace

void LastExitBox::set(const LastExit& exit) {
  const auto flags = static_cast<std::uint64_t>(exit.kind) |
                     static_cast<std::uint64_t>(exit.core_dumped) << 8 |
                     static_cast<std::uint64_t>(exit.asked_for) << 9 |
                     (exit.recycled ? static_cast<std::uint64_t>(*exit.recycled) : 0) << 16;
  const auto number = static_cast<std::uint64_t>(static_cast<std::uint32_t>(exit.number));
  box_.write({flags | number << 32, static_cast<std::uint32_t>(exit.pid), exit.at_realtime_ns});
}

LastExit LastExitBox::get() const {
  const auto words = box_.read();
  if (!words) {
    return {};
  }
  LastExit exit;
  exit.kind = static_cast<LastExit::Kind>((*words)[0] & 0xFF);
  exit.core_dumped = ((*words)[0] >> 8 & 1U) != 0;
  exit.asked_for = ((*words)[0] >> 9 & 1U) != 0;
  const auto recycled = static_cast<std::uint32_t>((*words)[0] >> 16 & 0xFF);
  if (recycled >= 1 && recycled <= kRecycleReasons) {
    exit.recycled = static_cast<RecycleReason>(recycled);
  }
  exit.number = static_cast<std::int32_t>((*words)[0] >> 32);
  exit.pid = static_cast<std::int32_t>((*words)[1]);
  exit.at_realtime_ns = (*words)[2];
  return exit;
}

void ExitCounts::count(const LastExit& exit) {
  if (exit.kind == LastExit::Kind::signal) {
    by_signal.at(static_cast<std::size_t>(exit.number) % kSignals).fetch_add(1);
  } else {
    (exit.number == 0 ? as_asked : with_failure).fetch_add(1);
  }
}

Segment::Segment(std::uint32_t slot_capacity) : slot_capacity_(slot_capacity) {
  PREFORK_CHECK(slot_capacity >= 1 && slot_capacity <= kMaxSlots);
  size_ = size_for(slot_capacity);
  memory_ = make_shared_memory("prefork-statistics", size_, kWhat);
  map();
  // The mapping is zero-filled, which is the initial value of everything but the header; placing
  // objects there formally starts their lifetimes without touching the pages of unused slots.
  new (header_) SegmentHeader;
  header_->slot_capacity.store(slot_capacity, std::memory_order_relaxed);
}

Segment::Segment(OwnedFd memory, std::uint32_t slot_capacity)
    : memory_(std::move(memory)), size_(size_for(slot_capacity)), slot_capacity_(slot_capacity) {
  struct stat about {};
  if (slot_capacity < 1 || slot_capacity > kMaxSlots || ::fstat(memory_.get(), &about) != 0 ||
      std::cmp_not_equal(about.st_size, size_)) {
    throw std::runtime_error("the statistics segment is not one of so many slots");
  }
  map();
  if (header_->magic.load() != SegmentHeader::kMagic ||
      header_->version.load() != kSegmentVersion) {
    ::munmap(base_, size_);
    throw std::runtime_error("the statistics segment is one of another version");
  }
}

Segment::~Segment() {
  if (base_ != nullptr) {
    ::munmap(base_, size_);
  }
}

void Segment::map() {
  void* const base = map_shared_memory(memory_, size_, kWhat);
  locate(base);
}

void Segment::locate(void* base) {
  base_ = base;
  auto* bytes = static_cast<std::byte*>(base);
  header_ = reinterpret_cast<SegmentHeader*>(bytes);
  bytes += sizeof(SegmentHeader);
  notes_ = reinterpret_cast<SlotNotes*>(bytes);
  bytes += slot_capacity_ * sizeof(SlotNotes);
  records_ = reinterpret_cast<WorkerRecord*>(bytes);
}

void Segment::make_read_only() {
  // Without /proc it can only be the same one.
  const OwnedFd reading = reopened_for_reading(memory_.get());
  const int memory = reading.valid() ? reading.get() : memory_.get();
  void* base = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, memory, 0);
  if (base == MAP_FAILED) {
    throw_errno("read-only mmap of the statistics segment");
  }
  ::munmap(base_, size_);
  locate(base);
  memory_.reset();
}

SlotNotes& Segment::notes(std::uint32_t slot) const {
  PREFORK_CHECK(slot < slot_capacity_);
  return notes_[slot];
}

WorkerRecord& Segment::record(Place id) const {
  PREFORK_CHECK(id.slot < slot_capacity_ && id.seat < kSeatsPerSlot);
  return records_[1 + std::size_t{id.slot} * kSeatsPerSlot + id.seat];
}

std::uint32_t Segment::slots_in_use() const {
  return std::min(header_->slots_in_use.load(std::memory_order_relaxed), slot_capacity_);
}

void Segment::fold(Place id, std::uint64_t cpu_us) {
  WorkerRecord& ended = record(id);
  auto& sequence = header_->fold_sequence;
  const std::uint64_t start = sequence.load(std::memory_order_relaxed);
  sequence.store(start + 1, std::memory_order_seq_cst);
  retired().counters.add_all(ended.counters);
  // Those it still had are closed by the kernel.
  retired().counters.add(Counter::connections_closed, ended.gauges.get(Gauge::connections_active));
  retired().app_numbers.merge_counters_from(ended.app_numbers);
  retired().latency.merge_from(ended.latency);
  retired().queue_wait.merge_from(ended.queue_wait);
  retired().run_time.merge_from(ended.run_time);
  retired().routes.merge_from(ended.routes, header_->labels.kinds, header_->labels.routes.labels());
  header_->retired_cpu_us.fetch_add(cpu_us, std::memory_order_relaxed);
  clear_record(ended, header_->labels);
  sequence.store(start + 2, std::memory_order_seq_cst);
}

}  // namespace prefork::ipc
