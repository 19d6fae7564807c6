#include "workers/supervision/workforce.h"

#include <algorithm>

namespace prefork::supervision {

Workforce::Workforce(Roster& roster, Wanted& wanted, SeatMachine& machine, Turn& turn)
    : roster_(roster), wanted_(wanted), machine_(machine), turn_(turn) {}

void Workforce::on(const event::AddWorker&) {
  if (wanted_.workers == roster_.capacity()) {
    turn_.notice({.kind = NoticeKind::cannot_add_worker, .count = roster_.capacity()});
    return;
  }
  open_slot();
}

void Workforce::on(const event::RemoveWorker&) {
  if (!runs_beside(wanted_.workers - 1)) {
    turn_.notice({.kind = NoticeKind::cannot_remove_worker, .count = wanted_.workers});
    return;
  }
  close_slot();
}

void Workforce::on(const event::SetWorkers& order) {
  if (order.workers < 1 || order.workers > roster_.capacity()) {
    turn_.notice({.kind = NoticeKind::cannot_add_worker, .count = roster_.capacity()});
    return;
  }
  for (std::uint32_t slot = 0; slot < std::min(order.workers, wanted_.workers); ++slot) {
    if (roster_.slots()[slot].want == Want::drain) run(slot);
  }
  set_count(order.workers);
}

void Workforce::on(const event::RestartSlot& order) {
  if (order.slot >= wanted_.workers) return;
  const std::optional<Place> at = roster_.current(order.slot);
  if (!at) return run(order.slot);
  const bool waits = !roster_.seat(*at).occupied();
  if (waits) return machine_.respawn(*at, wanted_.generation, wanted_.settings);
  machine_.feed(*at, Input::recycle, {.wish = RecycleReason::ordered});
}

void Workforce::on(const event::DrainSlot& order) {
  if (order.slot >= wanted_.workers || roster_.slots()[order.slot].want != Want::run) return;
  if (!runs_beside(order.slot)) {
    turn_.notice({.kind = NoticeKind::cannot_remove_worker, .count = wanted_.workers});
    return;
  }
  empty(order.slot);
}

bool Workforce::runs_beside(std::uint32_t slot) const {
  for (std::uint32_t other = 0; other < wanted_.workers; ++other) {
    if (other != slot && roster_.slots()[other].want == Want::run) return true;
  }
  return false;
}

void Workforce::resize(std::uint32_t workers) {
  if (workers > roster_.capacity()) {
    turn_.notice({.kind = NoticeKind::cannot_add_worker, .count = roster_.capacity()});
  }
  wanted_.settings.workers = std::clamp(workers, std::uint32_t{1}, roster_.capacity());
  set_count(wanted_.settings.workers);
}

// Those that are left may all have been drained before; then the first one serves again.
void Workforce::set_count(std::uint32_t workers) {
  while (wanted_.workers > workers) close_slot();
  while (wanted_.workers < workers) open_slot();
  if (!runs_beside(0) && roster_.slots()[0].want == Want::drain) run(0);
}

void Workforce::open_slot() { run(wanted_.workers++); }

void Workforce::close_slot() { empty(--wanted_.workers); }

void Workforce::run(std::uint32_t slot) {
  roster_.slots()[slot].want = Want::run;
  roster_.slots()[slot].setbacks = 0;
  roster_.slots()[slot].boot_failures = 0;
  fill(slot);
}

void Workforce::empty(std::uint32_t slot) {
  roster_.slots()[slot].want = Want::drain;
  for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
    machine_.feed({slot, seat}, Input::retire, {.why = DrainReason::removed});
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
