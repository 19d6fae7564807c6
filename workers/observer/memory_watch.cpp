#include "workers/observer/memory_watch.h"

#include <random>
#include <utility>

namespace prefork::observer {

MemoryWatch::MemoryWatch(std::size_t limit, std::uint64_t interval_ns, std::uint64_t now_ns,
                         Measure measure)
    : limit_(limit), interval_ns_(interval_ns), measure_(std::move(measure)) {
  if (limit_ != 0) {
    due_ns_ = next_after(now_ns);
  }
}

std::uint64_t MemoryWatch::next_after(std::uint64_t now_ns) const {
  const std::uint64_t spread = interval_ns_ / kSpreadPart;
  std::random_device seed;
  return now_ns + interval_ns_ - spread +
         std::uniform_int_distribution<std::uint64_t>(0, 2 * spread)(seed);
}

MemoryWatch::Found MemoryWatch::look(const ipc::Segment& segment, std::uint64_t now_ns) {
  Found found;
  if (now_ns < due_ns_) {
    return found;
  }
  due_ns_ = next_after(now_ns);
  std::uint32_t workers = 0;
  std::uint32_t readable = 0;
  for (std::uint32_t slot = 0; slot < segment.slots_in_use(); ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::WorkerRecord& record = segment.record({slot, seat});
      if (record.state.load(std::memory_order_acquire) == ipc::ProcessState::ready) {
        ++workers;
        look_at(segment, {slot, seat}, found, readable);
      } else {
        above_.erase({slot, seat});
      }
    }
  }
  if (workers != 0 && readable == 0) {
    found.is_blind = !std::exchange(is_blindness_told_, true);
  }
  return found;
}

void MemoryWatch::look_at(const ipc::Segment& segment, ipc::Place at, Found& found,
                          std::uint32_t& readable) {
  const ipc::WorkerRecord& record = segment.record(at);
  const std::uint32_t epoch = record.epoch.load(std::memory_order_relaxed);
  const std::int32_t pid = record.pid.load(std::memory_order_relaxed);
  const auto bytes = pid > 0 ? measure_(pid) : std::nullopt;
  if (!bytes) {
    return;
  }
  ++readable;
  if (*bytes <= limit_) {
    above_.erase(at);
    return;
  }
  Above& above = above_[at];
  above.looks = above.epoch == epoch ? above.looks + 1 : 1;
  above.epoch = epoch;
  if (above.looks >= kLooksInARow) {
    found.oversized.push_back({at, epoch, *bytes});
  }
}

}  // namespace prefork::observer
