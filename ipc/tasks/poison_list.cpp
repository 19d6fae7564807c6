#include "ipc/tasks/poison_list.h"

#include <algorithm>

#include "ipc/base/timespec.h"

namespace prefork::ipc {

namespace {

// One word: the low bits of generation (24) and first death in seconds (32), and the count (8).
struct Deaths {
  std::uint32_t generation = 0;
  std::uint32_t first_s = 0;
  std::uint32_t count = 0;

  static Deaths from(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word >> 40), static_cast<std::uint32_t>(word >> 8),
            static_cast<std::uint32_t>(word & 0xFF)};
  }
  [[nodiscard]] std::uint64_t word() const {
    return static_cast<std::uint64_t>(generation & 0xFFFFFFU) << 40 |
           static_cast<std::uint64_t>(first_s) << 8 | std::min(count, 0xFFU);
  }
  [[nodiscard]] bool is_of(std::uint32_t other) const { return generation == (other & 0xFFFFFFU); }
};

// FNV-1a; never 0.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14'695'981'039'346'656'037U;
  for (const char c : text) {
    value = (value ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  return value | 1U;
}

}  // namespace

std::uint32_t PoisonList::count_death(std::string_view task, std::uint32_t generation,
                                      std::uint64_t now_ns) {
  const std::uint64_t wanted = hash(task);
  const auto now_s = static_cast<std::uint32_t>(now_ns / kNsPerSecond);
  for (Line& line : lines_) {
    std::uint64_t seen = 0;
    if (!line.task.compare_exchange_strong(seen, wanted) && seen != wanted) {
      continue;
    }
    std::uint64_t word = line.deaths.load();
    for (;;) {
      Deaths deaths = Deaths::from(word);
      const bool is_old = now_s - deaths.first_s >= kWindowNs / kNsPerSecond;
      if (!deaths.is_of(generation) || (deaths.count < kMaxDeaths && is_old)) {
        deaths = {generation, now_s, 0};
      }
      ++deaths.count;
      if (line.deaths.compare_exchange_weak(word, deaths.word())) {
        return deaths.count;
      }
    }
  }
  return 1;
}

bool PoisonList::has(std::string_view task, std::uint32_t generation) const {
  const std::uint64_t wanted = hash(task);
  for (const Line& line : lines_) {
    const std::uint64_t seen = line.task.load();
    if (seen == 0) {
      return false;
    }
    if (seen == wanted) {
      const Deaths deaths = Deaths::from(line.deaths.load());
      return deaths.is_of(generation) && deaths.count >= kMaxDeaths;
    }
  }
  return false;
}

}  // namespace prefork::ipc
