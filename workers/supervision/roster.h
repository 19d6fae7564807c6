// The slots and seats there are, and what can be asked about them. Knows no rule: the parts of the
// supervisor that change a seat share this one. Worker slots 0 .. capacity-1, then the observer's,
// then those of task processes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

class Roster {
 public:
  explicit Roster(std::uint32_t capacity, std::uint32_t tasks = 0);

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t observer_slot() const { return capacity_; }
  [[nodiscard]] std::uint32_t first_task_slot() const { return capacity_ + 1; }
  [[nodiscard]] std::uint32_t task_slots() const {
    return static_cast<std::uint32_t>(slots_.size()) - first_task_slot();
  }

  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }
  [[nodiscard]] Slot& slot_of(Place at) { return slots_[at.slot]; }
  [[nodiscard]] const Seat& seat(Place at) const { return slots_[at.slot].seats[at.seat]; }
  [[nodiscard]] Seat& seat(Place at) { return slots_[at.slot].seats[at.seat]; }
  // Every seat there is, in order.
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }

  [[nodiscard]] bool exists(Place at) const;
  [[nodiscard]] bool is_worker(Place at) const { return at.slot < capacity_; }
  [[nodiscard]] bool is_observer(Place at) const { return at.slot == observer_slot(); }
  [[nodiscard]] static Place sibling(Place at) { return {at.slot, 1 - at.seat}; }

  [[nodiscard]] std::optional<Place> find(Pid pid) const;
  // The seat whose process answers for the slot.
  [[nodiscard]] std::optional<Place> current(std::uint32_t slot) const;
  [[nodiscard]] std::uint32_t ready_workers() const;

 private:
  std::uint32_t capacity_;
  std::vector<Slot> slots_;
  std::vector<Place> places_;
};

}  // namespace prefork::supervision
