#include "workers/supervision/supervisor_memory.h"

#include <set>

namespace prefork::supervision {

namespace {

template <typename Enum>
bool is_one_of(Enum value, Enum last) {
  return value <= last;
}

bool are_enumerators(const Seat& seat) {
  return is_one_of(seat.state, ProcessState::failed) && is_one_of(seat.part, Part::retiring) &&
         is_one_of(seat.wants_successor, RecycleReason::stuck) &&
         seat.wants_successor >= RecycleReason::share_served &&
         (!seat.leaves_because || (*seat.leaves_because >= DrainReason::stop &&
                                   *seat.leaves_because <= DrainReason::stuck)) &&
         (!seat.signal || is_one_of(*seat.signal, Signal::kill));
}

bool is_failure(const std::optional<Failure>& failure) {
  return !failure || is_one_of(failure->kind, FailureKind::worse);
}

// The parts of a supervisor ask each other for what these say.
std::string fault_of_seat(const Seat& seat, const Memory& memory) {
  if (!are_enumerators(seat)) return "a seat is in no state that there is";
  const bool is_vacant = seat.state == ProcessState::vacant;
  if (is_vacant != (seat.part == Part::none)) return "a seat is vacant and is not";
  if (seat.pid && !seat.occupied()) return "a process is in a seat without one";
  if (seat.pid && *seat.pid <= 1) return "a process has a pid that none can have";
  if (seat.epoch > memory.last_epoch) return "a process is younger than the last one";
  if (seat.occupied() && seat.epoch == 0) return "a process has no epoch";
  return "";
}

std::string fault_of_settings(const Memory& memory) {
  const Settings& settings = memory.wanted.settings;
  const std::uint32_t workers = memory.wanted.workers;
  if (settings.workers < 1 || settings.workers > settings.capacity || workers < 1 ||
      workers > settings.capacity) {
    return "it wants a number of workers that it has no room for";
  }
  if (memory.slots.size() != std::size_t{settings.capacity} + 1 + settings.tasks) {
    return "it has another number of slots than it says";
  }
  return settings.at_once < 1 ? "it replaces nobody at once" : "";
}

Role role_of(std::size_t slot, const Settings& settings) {
  if (slot == settings.capacity) return Role::observer;
  return slot < settings.capacity ? Role::worker : Role::task;
}

}  // namespace

std::string fault_of(const Memory& memory) {
  if (std::string fault = fault_of_settings(memory); !fault.empty()) return fault;
  std::set<Pid> pids;
  for (std::size_t index = 0; index < memory.slots.size(); ++index) {
    const Slot& slot = memory.slots[index];
    if (slot.role != role_of(index, memory.wanted.settings) || slot.want > Want::drain) {
      return "a slot is for nothing that there is";
    }
    if (!is_failure(slot.last_failure) || !is_failure(slot.boot_failure)) {
      return "a failure is none that there is";
    }
    std::uint32_t current = 0;
    for (const Seat& seat : slot.seats) {
      if (std::string fault = fault_of_seat(seat, memory); !fault.empty()) return fault;
      if (seat.pid && !pids.insert(*seat.pid).second) return "a process is in two seats";
      current += seat.part == Part::current ? 1 : 0;
    }
    if (current > 1) return "two processes answer for a slot";
  }
  return "";
}

}  // namespace prefork::supervision
