#include "ipc/balance.h"

#include <algorithm>

namespace prefork::ipc {

namespace {

// Each failed swap means that somebody else placed a connection; under so much contention any
// worker is as good as another.
constexpr int kMaxPlacementAttempts = 64;
// One connection less there and one more here would only turn round a difference of one.
constexpr std::uint32_t kUnfair = 2;

constexpr std::uint32_t epoch_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}
constexpr std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

struct Candidate {
  Place id;
  std::uint64_t word = 0;
};

std::optional<Candidate> least_loaded(const Segment& segment, Place self, std::uint64_t now_ns,
                                      bool allow_self) {
  std::optional<Candidate> best;
  if (allow_self) {
    best = Candidate{self, segment.record(self).load.load(std::memory_order_acquire)};
  }
  const std::uint32_t slots = segment.slots_in_use();
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      const Place id{slot, seat};
      const WorkerRecord& record = segment.record(id);
      if (id == self || !is_healthy(segment, id, now_ns)) {
        continue;
      }
      const std::uint64_t word = record.load.load(std::memory_order_acquire);
      if (epoch_of(word) != 0 && (!best || count_of(word) < count_of(best->word))) {
        best = Candidate{id, word};
      }
    }
  }
  return best;
}

}  // namespace

void start_load(WorkerRecord& record, std::uint32_t epoch) {
  record.load.store(std::uint64_t{epoch} << 32, std::memory_order_release);
}

bool add_load(WorkerRecord& record, std::uint32_t epoch) {
  std::uint64_t word = record.load.load(std::memory_order_relaxed);
  while (epoch_of(word) == epoch) {
    if (record.load.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel)) {
      return true;
    }
  }
  return false;
}

void remove_load(WorkerRecord& record, std::uint32_t epoch) {
  std::uint64_t word = record.load.load(std::memory_order_relaxed);
  while (epoch_of(word) == epoch && count_of(word) != 0) {
    if (record.load.compare_exchange_weak(word, word - 1, std::memory_order_acq_rel)) {
      return;
    }
  }
}

std::uint32_t load_of(const WorkerRecord& record) {
  return count_of(record.load.load(std::memory_order_relaxed));
}

bool is_healthy(const Segment& segment, Place id, std::uint64_t now_ns) {
  const WorkerRecord& record = segment.record(id);
  if (record.accepting.load(std::memory_order_acquire) == 0) {
    return false;
  }
  const auto is_recent = [now_ns](std::uint64_t at_ns) {
    return at_ns >= now_ns || now_ns - at_ns <= kHealthyBeatNs;
  };
  const std::uint64_t handed_ns = segment.notes(id.slot).handed_ns.load(std::memory_order_relaxed);
  return (is_recent(record.pulse.beat_ns.load(std::memory_order_relaxed)) ||
          is_recent(record.pulse.asleep_until_ns.load(std::memory_order_relaxed))) &&
         (handed_ns == 0 || is_recent(handed_ns));
}

bool is_accepting(const Segment& segment, std::uint32_t slot) {
  for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
    if (segment.record({slot, seat}).accepting.load(std::memory_order_acquire) != 0) {
      return true;
    }
  }
  return false;
}

void note_handed(const Segment& segment, std::uint32_t slot, std::uint64_t now_ns) {
  // The oldest one counts.
  std::uint64_t nothing = 0;
  segment.notes(slot).handed_ns.compare_exchange_strong(nothing, now_ns, std::memory_order_relaxed);
}

void clear_handed(const Segment& segment, std::uint32_t slot) {
  segment.notes(slot).handed_ns.store(0, std::memory_order_relaxed);
}

bool is_handed(const Segment& segment, std::uint32_t slot) {
  return segment.notes(slot).handed_ns.load(std::memory_order_relaxed) != 0;
}

std::optional<Placement> reserve_place(const Segment& segment, Place self, std::uint64_t now_ns,
                                       bool allow_self) {
  std::optional<Candidate> best;
  for (int attempt = 0; attempt < kMaxPlacementAttempts; ++attempt) {
    best = least_loaded(segment, self, now_ns, allow_self);
    if (!best) {
      return std::nullopt;
    }
    auto& load = segment.record(best->id).load;
    std::uint64_t expected = best->word;
    if (load.compare_exchange_strong(expected, expected + 1, std::memory_order_acq_rel)) {
      return Placement{best->id, epoch_of(best->word)};
    }
  }
  const std::uint32_t epoch = epoch_of(best->word);
  if (!add_load(segment.record(best->id), epoch)) {
    return std::nullopt;
  }
  return Placement{best->id, epoch};
}

bool is_ahead(const Segment& segment, Place self, std::uint32_t by, std::uint64_t now_ns) {
  const std::uint32_t own = load_of(segment.record(self));
  if (own <= by) {
    return false;  // whatever the others have
  }
  const auto best = least_loaded(segment, self, now_ns, false);
  return best && own > std::uint64_t{count_of(best->word)} + by;
}

std::uint32_t excess_of(const Segment& segment, Place self, std::uint64_t now_ns) {
  const std::uint32_t own = load_of(segment.record(self));
  std::uint64_t sum = own;
  std::uint32_t workers = 1;
  std::uint32_t fewest = own;
  const std::uint32_t slots = segment.slots_in_use();
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      const Place id{slot, seat};
      if (id == self || !is_healthy(segment, id, now_ns)) {
        continue;
      }
      const std::uint64_t word = segment.record(id).load.load(std::memory_order_relaxed);
      if (epoch_of(word) != 0) {
        sum += count_of(word);
        fewest = std::min(fewest, count_of(word));
        ++workers;
      }
    }
  }
  if (own - fewest < kUnfair) {
    return 0;
  }
  const auto fair = static_cast<std::uint32_t>((sum + workers - 1) / workers);
  return std::max(own, fair + 1) - fair;
}

std::optional<Placement> reserve_fairer_place(const Segment& segment, Place self,
                                              std::uint64_t now_ns) {
  for (int attempt = 0; attempt < kMaxPlacementAttempts; ++attempt) {
    const auto best = least_loaded(segment, self, now_ns, false);
    if (!best || count_of(best->word) + kUnfair > load_of(segment.record(self))) {
      return std::nullopt;
    }
    std::uint64_t expected = best->word;
    if (segment.record(best->id).load.compare_exchange_strong(expected, expected + 1,
                                                              std::memory_order_acq_rel)) {
      return Placement{best->id, epoch_of(best->word)};
    }
  }
  return std::nullopt;
}

}  // namespace prefork::ipc
