#include "workers/supervision/rollout.h"

namespace prefork::supervision {

Rollout::Rollout(Roster& roster, Wanted& wanted, SeatMachine& machine, Workforce& workforce,
                 Turn& turn)
    : roster_(roster), wanted_(wanted), machine_(machine), workforce_(workforce), turn_(turn) {}

// One that was asked to leave meanwhile is not waited for any longer.
bool Rollout::is_awaiting() const {
  if (!awaited_) return false;
  const Seat& seat = roster_.seat(awaited_->at);
  return seat.epoch == awaited_->epoch && seat.part != Part::retiring;
}

bool Rollout::awaits(Place at) const { return is_awaiting() && awaited_->at == at; }

Duration Rollout::boot_timeout(Generation generation) const {
  const bool of_reload = reload_ && reload_->order.generation == generation;
  return of_reload ? reload_->order.settings.boot_timeout : wanted_.settings.boot_timeout;
}

void Rollout::request(const event::Reload& order) {
  if (is_awaiting() || reload_) {
    turn_.notice({.kind = NoticeKind::reload_queued, .generation = order.generation});
  }
  next_reload_ = order;
}

void Rollout::step() {
  bool moved = true;
  while (moved && !is_awaiting()) {
    if (reload_) {
      moved = step_reload();
    } else if (next_reload_) {
      start_reload();
    } else {
      moved = start_recycle();
    }
  }
}

void Rollout::abandon() {
  if (reload_) {
    turn_.notice({.kind = NoticeKind::reload_aborted, .generation = reload_->order.generation});
  }
  if (next_reload_) {
    turn_.notice({.kind = NoticeKind::reload_aborted, .generation = next_reload_->generation});
  }
  awaited_.reset();
  reload_.reset();
  next_reload_.reset();
}

void Rollout::start_reload() {
  reload_ = ReloadRun{*next_reload_, 0, false};
  next_reload_.reset();
  turn_.notice({.kind = NoticeKind::reload_started, .generation = reload_->order.generation});
}

// Finds the next slot that still has the old generation. False: that slot has no seat free yet.
bool Rollout::step_reload() {
  const Generation target = reload_->order.generation;
  for (; reload_->next_slot < roster_.slots().size(); ++reload_->next_slot) {
    const std::uint32_t slot = reload_->next_slot;
    if (roster_.slots()[slot].want != Want::run) continue;
    const std::optional<Place> old = roster_.current(slot);
    if (!old) return false;
    const Seat& seat = roster_.seat(*old);
    if (seat.generation == target) continue;
    if (seat.occupied() && roster_.seat(Roster::sibling(*old)).occupied()) {
      hasten(Roster::sibling(*old));
      return false;
    }
    ++reload_->next_slot;
    replace(*old, target, false);
    return true;
  }
  finish_reload();
  return true;
}

// One that was replaced before has its time without an end only as long as nobody needs its seat.
// So there are never more than two generations.
void Rollout::hasten(Place retiring) {
  if (roster_.seat(retiring).deadline || roster_.seat(retiring).part != Part::retiring) return;
  machine_.feed(retiring, Input::retire, {.why = DrainReason::stop});
}

void Rollout::replace(Place old, Generation generation, bool recycle) {
  const bool serves = roster_.seat(old).occupied();
  // Without anybody to replace, the waiting seat itself is tried now.
  const Place at = serves ? Roster::sibling(old) : old;
  if (serves) {
    machine_.spawn(at, Part::replacement, generation, boot_timeout(generation));
  } else {
    machine_.respawn(at, generation, boot_timeout(generation));
  }
  awaited_ = Awaited{at, roster_.seat(at).epoch, recycle};
}

void Rollout::on_ready(Place at) {
  if (!awaits(at)) return;
  const bool recycle = awaited_->recycle;
  awaited_.reset();
  if (!recycle && !reload_->committed) commit_reload();
  const Place old = Roster::sibling(at);
  if (roster_.seat(old).part == Part::current) {
    machine_.feed(old, Input::retire, {.why = DrainReason::replaced});
  }
  roster_.seat(at).part = Part::current;
}

void Rollout::on_failed(Place at, const Failure& failure) {
  if (!awaited_ || awaited_->at != at || awaited_->epoch != roster_.seat(at).epoch) return;
  const bool recycle = awaited_->recycle;
  awaited_.reset();
  if (recycle) return abort_recycle(Roster::sibling(at), failure);
  turn_.notice({.kind = NoticeKind::reload_aborted,
                .at = failure.at,
                .pid = failure.pid,
                .generation = reload_->order.generation,
                .failure = failure});
  reload_.reset();
}

void Rollout::abort_recycle(Place old, const Failure& failure) {
  Seat& seat = roster_.seat(old);
  if (seat.state != ProcessState::ready) return;
  const Duration delay = backoff(++seat.successor_failures);
  seat.successor_due = turn_.now + delay;
  turn_.notice({.kind = NoticeKind::recycle_aborted,
                .at = old,
                .pid = seat.pid,
                .duration = delay,
                .failure = failure});
}

// A step of a reload goes on being awaited: the reload depends on it.
void Rollout::on_succeeded(Place at) {
  if (awaits(at) && awaited_->recycle && roster_.seat(at).part == Part::current) awaited_.reset();
}

void Rollout::commit_reload() {
  reload_->committed = true;
  const std::uint32_t workers = reload_->order.settings.workers;
  const bool observer = roster_.slots()[roster_.observer_slot()].want == Want::run;
  wanted_.generation = reload_->order.generation;
  wanted_.settings = reload_->order.settings;
  wanted_.settings.capacity = roster_.capacity();
  wanted_.settings.observer = observer;
  workforce_.resize(workers);
}

void Rollout::finish_reload() {
  if (!reload_->committed) commit_reload();
  turn_.notice({.kind = NoticeKind::reload_finished, .generation = wanted_.generation});
  reload_.reset();
}

// The longest waiting first. One whose other seat still has a retiring process lets the next one go
// ahead.
bool Rollout::start_recycle() {
  std::optional<Place> first;
  for (const Place at : roster_.places()) {
    const Seat& seat = roster_.seat(at);
    if (!seat.successor_due || *seat.successor_due > turn_.now) continue;
    if (seat.state != ProcessState::ready) continue;
    if (roster_.seat(Roster::sibling(at)).occupied()) {
      hasten(Roster::sibling(at));
      continue;
    }
    if (!first || *seat.successor_due < *roster_.seat(*first).successor_due) first = at;
  }
  if (!first) return false;
  const Seat& old = roster_.seat(*first);
  const bool terminated = old.wants_successor == RecycleReason::terminated;
  turn_.notice({.kind = terminated ? NoticeKind::terminate_started : NoticeKind::recycle_started,
                .at = first,
                .pid = old.pid});
  replace(*first, wanted_.generation, true);
  return true;
}

}  // namespace prefork::supervision
