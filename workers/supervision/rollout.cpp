#include "workers/supervision/rollout.h"

#include <algorithm>

namespace prefork::supervision {

namespace {

bool is_stuck(const Seat& seat) {
  return seat.successor_due && seat.wants_successor == RecycleReason::stuck;
}

}  // namespace

Rollout::Rollout(Roster& roster, Wanted& wanted, SeatMachine& machine, Workforce& workforce,
                 Turn& turn)
    : roster_(roster), wanted_(wanted), machine_(machine), workforce_(workforce), turn_(turn) {}

bool Rollout::is_replacing() const {
  return std::any_of(roster_.places().begin(), roster_.places().end(),
                     [this](Place at) { return roster_.seat(at).part == Part::replacement; });
}

std::optional<TimePoint> Rollout::deadline() const {
  if (reload_ && reload_->soak == Soak::watched) return reload_->soak_ends;
  // One that is due already waits for another process, not for the time.
  const bool waits = rolling_back() && rollback_->due && *rollback_->due > turn_.now;
  return waits ? rollback_->due : std::nullopt;
}

bool Rollout::needs(Generation generation) const {
  if (generation == wanted_.generation) return true;
  if (next_reload_ && next_reload_->generation == generation) return true;
  return reload_ && (reload_->order.generation == generation ||
                     (reload_->before && reload_->before->generation == generation));
}

const Settings& Rollout::settings_of(Generation generation) const {
  const bool of_reload = reload_ && reload_->order.generation == generation;
  return of_reload ? reload_->order.settings : wanted_.settings;
}

void Rollout::request(const event::Reload& order) {
  if (is_replacing() || reload_) {
    turn_.notice({.kind = NoticeKind::reload_queued, .generation = order.generation});
  }
  next_reload_ = order;
}

// It is not waited for: the process goes on with what it has while the successor boots, and what
// would be given to it until then would be in the way of its end.
void Rollout::quarantine() {
  for (const Place at : roster_.places()) {
    const Seat& seat = roster_.seat(at);
    const bool is_due = is_stuck(seat) && *seat.successor_due <= turn_.now;
    if (!is_due || seat.state != ProcessState::ready || !may_leave(at)) continue;
    turn_.notice({.kind = NoticeKind::quarantine_started, .at = at, .pid = seat.pid});
    machine_.feed(at, Input::retire, {.why = DrainReason::stuck});
  }
}

bool Rollout::may_leave(Place stuck) {
  const Place beside = Roster::sibling(stuck);
  Seat& other = roster_.seat(beside);
  if (!other.occupied()) return true;
  if (other.part == Part::replacement && other.generation == wanted_.generation) {
    other.part = Part::current;
    return true;
  }
  // One of a generation that is still to come may load in vain.
  hasten(beside);
  return false;
}

void Rollout::step() {
  while (reload_ || (next_reload_ && !is_replacing())) {
    if (!reload_) start_reload();
    if (!step_soak()) {
      if (reload_) return;
      continue;  // it was given up
    }
    const Settings& settings = reload_->order.settings;
    if (!bring_all(reload_->order.generation,
                   reload_->soak == Soak::passed ? settings.at_once : 1)) {
      return;
    }
    finish_reload();
  }
  if (next_reload_) return;
  if (rollback_ && !step_rollback()) return;
  bring_observer();
  if (!is_replacing()) start_recycle();
}

void Rollout::abandon() {
  if (reload_) {
    turn_.notice({.kind = NoticeKind::reload_aborted, .generation = reload_->order.generation});
  }
  if (next_reload_) {
    turn_.notice({.kind = NoticeKind::reload_aborted, .generation = next_reload_->generation});
  }
  reload_.reset();
  next_reload_.reset();
  rollback_.reset();
}

// Who answers for the slot is of that generation, and no longer about to be ready. One that waits
// for its next start gets what is wanted then: only a reload does not wait for that.
bool Rollout::has_arrived(std::uint32_t slot, Generation target) const {
  const std::optional<Place> at = roster_.current(slot);
  if (!at) return false;
  const Seat& seat = roster_.seat(*at);
  if (!seat.occupied() && !reload_) return true;
  return seat.generation == target && seat.state != ProcessState::starting;
}

bool Rollout::is_booting(std::uint32_t slot, Generation target) const {
  const auto& seats = roster_.slots()[slot].seats;
  return std::any_of(seats.begin(), seats.end(), [target](const Seat& seat) {
    return seat.state == ProcessState::starting && seat.part != Part::retiring &&
           seat.generation == target;
  });
}

bool Rollout::waits_for_observer(std::uint32_t slot) const {
  const std::optional<Place> at = roster_.current(slot);
  if (slot != roster_.observer_slot() || !at || !roster_.seat(*at).occupied()) return false;
  const Seat& beside = roster_.seat(Roster::sibling(*at));
  return beside.occupied() && beside.part == Part::retiring;
}

// Whom a rollout has not waited for.
void Rollout::bring_observer() {
  const std::uint32_t slot = roster_.observer_slot();
  const std::optional<Place> at = roster_.current(slot);
  if (roster_.slots()[slot].want != Want::run || !at) return;
  Seat& seat = roster_.seat(*at);
  if (seat.state != ProcessState::ready || seat.generation == wanted_.generation) return;
  if (roster_.seat(Roster::sibling(*at)).occupied() || seat.successor_due) return;
  seat.wants_successor = RecycleReason::ordered;  // should that one not boot
  machine_.spawn(Roster::sibling(*at), Part::replacement, wanted_.generation, wanted_.settings);
}

// Has so many slots under way that are not of the target's generation yet. True: all of them are.
bool Rollout::bring_all(Generation target, std::uint32_t at_once) {
  std::uint32_t left = 0;
  std::uint32_t under_way = 0;
  const auto slots = static_cast<std::uint32_t>(roster_.slots().size());
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (is_booting(slot, target)) ++under_way;
  }
  // Task processes first: a new one runs the jobs of old workers, not the other way round.
  for (std::uint32_t i = 0; i < slots; ++i) {
    const std::uint32_t slot = (roster_.first_task_slot() + i) % slots;
    if (roster_.slots()[slot].want != Want::run || has_arrived(slot, target)) continue;
    if (waits_for_observer(slot)) {
      bring(slot, target);
      continue;
    }
    ++left;
    if (is_booting(slot, target) || under_way >= at_once) continue;
    ++under_way;
    bring(slot, target);
  }
  return left == 0;
}

void Rollout::bring(std::uint32_t slot, Generation target) {
  const std::optional<Place> old = roster_.current(slot);
  if (!old) return;  // it is about to be filled
  const Place beside = Roster::sibling(*old);
  if (!roster_.seat(*old).occupied()) {
    // Without anybody to replace, the waiting seat itself is tried now.
    machine_.respawn(*old, target, settings_of(target));
  } else if (!roster_.seat(beside).occupied()) {
    machine_.spawn(beside, Part::replacement, target, settings_of(target));
  } else {
    hasten(beside);
  }
}

// One that was replaced before has its time without an end only as long as nobody needs its seat.
void Rollout::hasten(Place retiring) {
  if (roster_.seat(retiring).deadline || roster_.seat(retiring).part != Part::retiring) return;
  machine_.feed(retiring, Input::retire, {.why = DrainReason::stop});
}

void Rollout::on_ready(Place at) {
  if (reload_ && !reload_->before && roster_.seat(at).generation == reload_->order.generation) {
    commit_reload();
  }
  if (reload_ && reload_->soak == Soak::due && roster_.is_worker(at) &&
      roster_.seat(at).generation == reload_->order.generation) {
    start_soak(at);
  }
  if (roster_.seat(at).part != Part::replacement) return;
  if (rollback_) rollback_->failures = 0;
  const Place old = Roster::sibling(at);
  if (roster_.seat(old).part == Part::current) {
    const bool was_stuck = is_stuck(roster_.seat(old));
    machine_.feed(old, Input::retire,
                  {.why = was_stuck ? DrainReason::stuck : DrainReason::replaced});
  }
  roster_.seat(at).part = Part::current;
}

void Rollout::on_boot_failed(Place at, bool was_replacement, const Failure& failure) {
  const Generation generation = roster_.seat(at).generation;
  if (reload_ && generation == reload_->order.generation) return fail_reload(at, failure);
  if (rollback_ && !reload_ && generation == wanted_.generation) {
    return delay_rollback(at, was_replacement, failure);
  }
  if (was_replacement) abort_recycle(Roster::sibling(at), failure);
}

void Rollout::on_lost(Place at, const Failure& failure) {
  const bool is_soaked = reload_ && at == reload_->soaked &&
                         (reload_->soak == Soak::watched || reload_->soak == Soak::compared);
  if (is_soaked) fail_reload(at, failure);
}

// It was asked about a moment ago: who has ended since was told of by on_lost().
void Rollout::on(const event::Compared& event) {
  if (!reload_ || reload_->soak != Soak::compared || event.at != reload_->soaked) return;
  const Seat& seat = roster_.seat(event.at);
  if (seat.epoch != event.epoch) return;
  if (!event.is_worse) {
    reload_->soak = Soak::passed;
    return;
  }
  fail_reload(event.at, {FailureKind::worse, event.at, seat.pid, {}, 0, turn_.now});
}

void Rollout::start_reload() {
  reload_ =
      ReloadRun{.order = *next_reload_, .before = std::nullopt, .workers_before = wanted_.workers};
  if (reload_->order.settings.soak == Duration::zero()) reload_->soak = Soak::passed;
  next_reload_.reset();
  turn_.notice({.kind = NoticeKind::reload_started, .generation = reload_->order.generation});
}

void Rollout::start_soak(Place at) {
  reload_->soak = Soak::watched;
  reload_->soaked = at;
  reload_->soak_ends = turn_.now + reload_->order.settings.soak;
  turn_.notice({.kind = NoticeKind::soak_started,
                .at = at,
                .pid = roster_.seat(at).pid,
                .duration = reload_->order.settings.soak,
                .generation = reload_->order.generation});
}

// True: nobody is watched. One that was asked to leave meanwhile says nothing, and another one is.
bool Rollout::step_soak() {
  if (reload_->soak != Soak::watched && reload_->soak != Soak::compared) return true;
  const Seat& seat = roster_.seat(reload_->soaked);
  if (seat.state != ProcessState::ready || seat.generation != reload_->order.generation) {
    // A silent one is on its way to its end, which on_lost() tells.
    if (seat.state == ProcessState::killing && seat.part == Part::current) return false;
    if (seat.leaves_because == DrainReason::stuck) {
      fail_reload(reload_->soaked,
                  {FailureKind::worse, reload_->soaked, seat.pid, {}, 0, turn_.now});
      return false;
    }
    reload_->soak = Soak::due;  // of the next one
    return true;
  }
  if (reload_->soak == Soak::watched && turn_.now >= reload_->soak_ends) {
    reload_->soak = Soak::compared;
    turn_.order(action::Compare{reload_->soaked, seat.epoch});
  }
  return false;
}

// Their seats are needed, and they finish all at the same time rather than one after the other.
void Rollout::hasten_all() {
  for (const Place at : roster_.places()) hasten(at);
}

// What an operator has asked for since it began counts for more than what it says.
void Rollout::commit_reload() {
  hasten_all();
  reload_->before = wanted_;
  const bool was_asked = wanted_.workers != reload_->workers_before;
  const std::uint32_t workers = was_asked ? wanted_.workers : reload_->order.settings.workers;
  const bool observer = roster_.slots()[roster_.observer_slot()].want == Want::run;
  wanted_.generation = reload_->order.generation;
  wanted_.settings = reload_->order.settings;
  wanted_.settings.capacity = roster_.capacity();
  wanted_.settings.observer = observer;
  wanted_.settings.tasks = roster_.task_slots();
  workforce_.resize(workers);
  reload_->workers_committed = wanted_.workers;
}

void Rollout::finish_reload() {
  if (!reload_->before) commit_reload();
  turn_.notice({.kind = NoticeKind::reload_finished, .generation = wanted_.generation});
  reload_.reset();
  rollback_.reset();
}

// `at` is what has failed: what becomes of its slot is not decided here.
void Rollout::fail_reload(Place at, const Failure& failure) {
  const ReloadRun run = *reload_;
  reload_.reset();
  if (run.before) restore(run);
  action::Notice notice{.kind = NoticeKind::reload_aborted,
                        .at = failure.at,
                        .pid = failure.pid,
                        .generation = run.order.generation,
                        .failure = failure};
  if (run.before || has_strays(at)) {
    notice.kind = NoticeKind::rollback_started;
    notice.back_to = wanted_.generation;
    rollback_ = Rollback{};
  }
  turn_.notice(notice);
  for (const Place other : roster_.places()) {
    const Seat& seat = roster_.seat(other);
    if (other == at || seat.part != Part::replacement) continue;
    // Not a stop, which would end the listening for those that stay.
    machine_.feed(other, Input::retire, {.why = DrainReason::removed});
  }
}

// The number of workers is the one before, unless an operator has asked for another meanwhile.
void Rollout::restore(const ReloadRun& run) {
  const std::uint32_t workers = wanted_.workers;
  wanted_.generation = run.before->generation;
  wanted_.settings = run.before->settings;
  workforce_.resize(workers == run.workers_committed ? run.before->workers : workers);
}

// Whoever answers for a slot with another generation than the one that is wanted.
bool Rollout::has_strays(Place but) const {
  return std::any_of(roster_.places().begin(), roster_.places().end(), [&](Place at) {
    const Seat& seat = roster_.seat(at);
    return at != but && seat.part == Part::current && seat.occupied() &&
           seat.generation != wanted_.generation;
  });
}

void Rollout::delay_rollback(Place at, bool was_replacement, const Failure& failure) {
  // A slot's own process waits for its own next start.
  if (!was_replacement) return;
  const Place old = Roster::sibling(at);
  const Duration delay = backoff(++rollback_->failures);
  rollback_->due = turn_.now + delay;
  turn_.notice({.kind = NoticeKind::rollback_delayed,
                .at = old,
                .pid = roster_.seat(old).pid,
                .duration = delay,
                .generation = roster_.seat(old).generation,
                .failure = failure});
}

// True: nothing is left to be rolled back.
bool Rollout::step_rollback() {
  const bool may_start = !rollback_->due || *rollback_->due <= turn_.now;
  if (!bring_all(wanted_.generation, may_start ? wanted_.settings.at_once : 0)) return false;
  turn_.notice({.kind = NoticeKind::rollback_finished, .generation = wanted_.generation});
  rollback_.reset();
  return true;
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

// The longest waiting first, one at a time. One whose other seat still has a retiring process lets
// the next one go ahead.
void Rollout::start_recycle() {
  std::optional<Place> first;
  for (const Place at : roster_.places()) {
    const Seat& seat = roster_.seat(at);
    if (!seat.successor_due || *seat.successor_due > turn_.now || is_stuck(seat)) continue;
    if (seat.state != ProcessState::ready) continue;
    if (roster_.seat(Roster::sibling(at)).occupied()) {
      hasten(Roster::sibling(at));
      continue;
    }
    if (!first || *seat.successor_due < *roster_.seat(*first).successor_due) first = at;
  }
  if (!first) return;
  const Seat& old = roster_.seat(*first);
  NoticeKind kind = NoticeKind::recycle_started;
  if (old.wants_successor == RecycleReason::terminated) kind = NoticeKind::terminate_started;
  if (old.wants_successor == RecycleReason::ordered) kind = NoticeKind::restart_started;
  turn_.notice({.kind = kind, .at = first, .pid = old.pid, .wish = old.wants_successor});
  machine_.spawn(Roster::sibling(*first), Part::replacement, wanted_.generation, wanted_.settings);
}

}  // namespace prefork::supervision
