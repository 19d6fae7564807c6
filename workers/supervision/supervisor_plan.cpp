// The course of the whole server: replacing processes one at a time, changing their number,
// stopping. Events only note what is wanted; advance(), at the end of each, takes the steps that
// have become possible.
#include <algorithm>

#include "workers/supervision/supervisor.h"
#include "workers/supervision/supervisor_table.h"

namespace prefork::supervision {

void Supervisor::advance() {
  if (phase_ == Phase::running) {
    for (std::uint32_t slot = 0; slot < workers_; ++slot) fill_slot(slot);
    bool moved = true;
    while (moved && !roll_) {
      if (reload_) {
        moved = step_reload();
      } else if (next_reload_) {
        start_reload();
      } else {
        moved = start_recycle();
      }
    }
    give_up_when_hopeless();
  }
  if (phase_ == Phase::stopping) advance_stop();
}

// A wanted slot nobody answers for: it is new, or both its seats were still held by leavers.
void Supervisor::fill_slot(std::uint32_t slot) {
  if (slots_[slot].want != Want::run || holder(slot)) return;
  for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
    const Place at{slot, index};
    if (seat_at(at).occupied()) continue;
    return spawn(at, Part::holder, generation_);
  }
}

void Supervisor::start_reload() {
  reload_ = ReloadRun{*next_reload_, 0, false};
  next_reload_.reset();
  notice({.kind = NoticeKind::reload_started, .generation = reload_->order.generation});
}

// Finds the next slot that still has the old generation. False: that slot has no seat free yet.
bool Supervisor::step_reload() {
  const Generation target = reload_->order.generation;
  for (; reload_->next_slot < slots_.size(); ++reload_->next_slot) {
    const std::uint32_t slot = reload_->next_slot;
    if (slots_[slot].want != Want::run) continue;
    const std::optional<Place> old = holder(slot);
    if (!old) return false;
    if (seat_at(*old).generation == target) continue;
    if (seat_at(*old).occupied() && seat_at(sibling(*old)).occupied()) return false;
    ++reload_->next_slot;
    roll(*old, target, false);
    return true;
  }
  finish_reload();
  return true;
}

void Supervisor::roll(Place old, Generation generation, bool recycle) {
  if (seat_at(old).occupied()) {
    roll_ = Roll{sibling(old), recycle};
    spawn(sibling(old), Part::candidate, generation);
  } else {
    // Nobody to replace: the waiting seat itself is tried now.
    roll_ = Roll{old, recycle};
    ++slot_of(old).restarts;
    spawn(old, Part::holder, generation);
  }
}

void Supervisor::roll_ready() {
  const Roll done = *roll_;
  roll_.reset();
  if (!done.recycle && !reload_->committed) commit_reload();
  const Place old = sibling(done.at);
  if (seat_at(old).part == Part::holder) {
    feed(old, Input::retire, {.why = DrainReason::replaced});
  }
  seat_at(done.at).part = Part::holder;
}

void Supervisor::abort_roll(const Failure& failure) {
  const Roll lost = *roll_;
  roll_.reset();
  if (lost.recycle) return abort_recycle(sibling(lost.at), failure);
  notice({.kind = NoticeKind::reload_aborted,
          .at = failure.at,
          .pid = failure.pid,
          .generation = reload_->order.generation,
          .failure = failure});
  reload_.reset();
}

void Supervisor::abort_recycle(Place old, const Failure& failure) {
  Seat& seat = seat_at(old);
  if (seat.state != ProcessState::ready) return;
  const Duration delay = backoff(++seat.successor_failures);
  seat.successor_due = now_ + delay;
  notice({.kind = NoticeKind::recycle_aborted,
          .at = old,
          .pid = seat.pid,
          .duration = delay,
          .failure = failure});
}

void Supervisor::commit_reload() {
  reload_->committed = true;
  const Settings& order = reload_->order.settings;
  generation_ = reload_->order.generation;
  settings_ = order;
  settings_.capacity = capacity_;
  settings_.observer = slots_[observer_slot()].want == Want::run;
  if (order.workers > capacity_) {
    notice({.kind = NoticeKind::cannot_add_worker, .count = capacity_});
  }
  settings_.workers = std::clamp(order.workers, std::uint32_t{1}, capacity_);
  while (workers_ > settings_.workers) remove_worker();
  while (workers_ < settings_.workers) add_worker();
}

void Supervisor::finish_reload() {
  if (!reload_->committed) commit_reload();
  notice({.kind = NoticeKind::reload_finished, .generation = generation_});
  reload_.reset();
}

// The longest waiting first. One whose other seat still has a leaver lets the next one go ahead.
bool Supervisor::start_recycle() {
  std::optional<Place> first;
  for (const Place at : places_) {
    const Seat& seat = seat_at(at);
    if (!seat.successor_due || *seat.successor_due > now_ || seat.state != ProcessState::ready)
      continue;
    if (seat_at(sibling(at)).occupied()) continue;
    if (!first || *seat.successor_due < *seat_at(*first).successor_due) first = at;
  }
  if (!first) return false;
  notice({.kind = NoticeKind::recycle_started, .at = first, .pid = seat_at(*first).pid});
  roll(*first, generation_, true);
  return true;
}

void Supervisor::add_worker() {
  Slot& slot = slots_[workers_];
  slot.want = Want::run;
  slot.setbacks = 0;
  slot.boot_failures = 0;
  fill_slot(workers_++);
}

void Supervisor::remove_worker() {
  --workers_;
  slots_[workers_].want = Want::drain;
  for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
    feed({workers_, seat}, Input::retire, {.why = DrainReason::removed});
  }
}

void Supervisor::begin_stop() {
  phase_ = Phase::stopping;
  if (reload_) {
    notice({.kind = NoticeKind::reload_aborted, .generation = reload_->order.generation});
  }
  if (next_reload_) {
    notice({.kind = NoticeKind::reload_aborted, .generation = next_reload_->generation});
  }
  roll_.reset();
  reload_.reset();
  next_reload_.reset();
  for (Slot& slot : slots_) slot.want = Want::stop;
}

// The observer answers until the last worker is gone; only a second process of it leaves now.
void Supervisor::drain_all() {
  for (const Place at : places_) {
    const Seat& seat = seat_at(at);
    if (!is_worker(at) && seat.part == Part::holder && seat.occupied()) continue;
    feed(at, Input::retire, {});
  }
}

void Supervisor::kill_all() {
  for (const Place at : places_) feed(at, Input::kill, {});
}

// Nobody serves, nobody is about to, and waiting has not helped. A replacement under way, or
// waiting for its seat, shows in its slot's holder.
void Supervisor::give_up_when_hopeless() {
  std::optional<Failure> first;
  for (std::uint32_t slot = 0; slot < workers_; ++slot) {
    const std::optional<Place> at = holder(slot);
    if (!at) return;
    const Seat& seat = seat_at(*at);
    const bool held = seat.state == ProcessState::backoff && !seat.deadline;
    if (!held && seat.state != ProcessState::failed) return;
    const std::optional<Failure>& failure = slots_[slot].boot_failure;
    if (failure && (!first || failure->when < first->when)) first = failure;
  }
  const bool application =
      first && first->exit.code == config::to_int(ExitCode::application_failed);
  finish_ = {application ? ExitCode::application_failed : ExitCode::no_worker_booted, first};
  begin_stop();
  drain_all();
}

void Supervisor::advance_stop() {
  const auto alive = [this](Place at) { return seat(at).occupied(); };
  const auto observer =
      std::find_if(places_.begin(), places_.end(), [this](Place at) { return !is_worker(at); });
  if (std::any_of(places_.begin(), observer, alive)) return;
  if (std::any_of(observer, places_.end(), alive)) {
    std::for_each(observer, places_.end(), [this](Place at) { feed(at, Input::retire, {}); });
    return;
  }
  phase_ = Phase::finished;
  actions_.emplace_back(finish_);
}

}  // namespace prefork::supervision
