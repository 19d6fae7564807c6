#include "workers/supervision/workforce.h"

#include <algorithm>

namespace prefork::supervision {

Workforce::Workforce(Roster& roster, Wanted& wanted, SeatMachine& machine, Turn& turn)
    : roster_(roster), wanted_(wanted), machine_(machine), turn_(turn) {}

void Workforce::add() {
  if (wanted_.workers == roster_.capacity()) {
    turn_.notice({.kind = NoticeKind::cannot_add_worker, .count = roster_.capacity()});
    return;
  }
  open_slot();
}

void Workforce::remove() {
  if (wanted_.workers == 1) {
    turn_.notice({.kind = NoticeKind::cannot_remove_worker, .count = wanted_.workers});
    return;
  }
  close_slot();
}

void Workforce::resize(std::uint32_t workers) {
  if (workers > roster_.capacity()) {
    turn_.notice({.kind = NoticeKind::cannot_add_worker, .count = roster_.capacity()});
  }
  wanted_.settings.workers = std::clamp(workers, std::uint32_t{1}, roster_.capacity());
  while (wanted_.workers > wanted_.settings.workers) close_slot();
  while (wanted_.workers < wanted_.settings.workers) open_slot();
}

void Workforce::open_slot() {
  Slot& slot = roster_.slots()[wanted_.workers];
  slot.want = Want::run;
  slot.setbacks = 0;
  slot.boot_failures = 0;
  fill(wanted_.workers++);
}

void Workforce::close_slot() {
  --wanted_.workers;
  roster_.slots()[wanted_.workers].want = Want::drain;
  for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
    machine_.feed({wanted_.workers, seat}, Input::retire, {.why = DrainReason::removed});
  }
}

void Workforce::fill_all() {
  for (std::uint32_t slot = 0; slot < wanted_.workers; ++slot) fill(slot);
  const auto slots = static_cast<std::uint32_t>(roster_.slots().size());
  for (std::uint32_t slot = roster_.first_task_slot(); slot < slots; ++slot) fill(slot);
}

// Nobody answers for a slot that is new, or both of whose seats are still held by retiring
// processes.
void Workforce::fill(std::uint32_t slot) {
  if (roster_.slots()[slot].want != Want::run || roster_.current(slot)) return;
  for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
    const Place at{slot, index};
    if (roster_.seat(at).occupied()) continue;
    return machine_.spawn(at, Part::current, wanted_.generation, wanted_.settings);
  }
}

}  // namespace prefork::supervision
