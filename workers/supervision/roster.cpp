#include "workers/supervision/roster.h"

#include <algorithm>

namespace prefork::supervision {

Roster::Roster(std::uint32_t capacity, std::uint32_t tasks)
    : capacity_(capacity), slots_(capacity + std::size_t{1} + tasks) {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) places_.push_back({slot, seat});
  }
  slots_[observer_slot()].role = Role::observer;
  for (std::uint32_t slot = first_task_slot(); slot < slots_.size(); ++slot) {
    slots_[slot].role = Role::task;
  }
}

bool Roster::exists(Place at) const { return at.slot < slots_.size() && at.seat < kSeatsPerSlot; }

std::optional<Place> Roster::find(Pid pid) const {
  const auto found =
      std::find_if(places_.begin(), places_.end(), [&](Place at) { return seat(at).pid == pid; });
  if (found == places_.end()) return std::nullopt;
  return *found;
}

std::optional<Place> Roster::current(std::uint32_t slot) const {
  for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
    if (slots_[slot].seats[index].part == Part::current) return Place{slot, index};
  }
  return std::nullopt;
}

std::uint32_t Roster::ready_workers() const {
  const auto ready = std::count_if(places_.begin(), places_.end(), [&](Place at) {
    return is_worker(at) && seat(at).state == ProcessState::ready;
  });
  return static_cast<std::uint32_t>(ready);
}

}  // namespace prefork::supervision
