#include "workers/supervision/supervisor.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <variant>

namespace prefork::supervision {

Supervisor::Supervisor(const Settings& settings, Generation generation)
    : roster_(settings.capacity, settings.tasks),
      wanted_{settings, generation, settings.workers},
      machine_(roster_, wanted_, turn_),
      workforce_(roster_, wanted_, machine_, turn_),
      rollout_(roster_, wanted_, machine_, workforce_, turn_) {
  if (settings.workers < 1 || settings.workers > settings.capacity) std::abort();
  for (std::uint32_t slot = 0; slot < settings.workers; ++slot) {
    roster_.slots()[slot].want = Want::run;
  }
  if (settings.observer) roster_.slots()[observer_slot()].want = Want::run;
  for (std::uint32_t slot = roster_.first_task_slot(); slot < roster_.slots().size(); ++slot) {
    roster_.slots()[slot].want = Want::run;
  }
}

Supervisor::Supervisor(const Memory& memory)
    : Supervisor(memory.wanted.settings, memory.wanted.generation) {
  if (!fault_of(memory).empty()) std::abort();
  wanted_ = memory.wanted;
  roster_.slots() = memory.slots;
  machine_.remember({memory.last_epoch, memory.any_worker_was_ready});
  turn_.now = memory.now;
  phase_ = Phase::running;
}

Memory Supervisor::memory() const {
  return {wanted_, machine_.past().last_epoch, machine_.past().any_worker_was_ready, turn_.now,
          roster_.slots()};
}

std::vector<Action> Supervisor::on(const Event& event, TimePoint now) {
  if (phase_ == Phase::finished) return {};
  turn_.actions.clear();
  forgive_what_happened_while_asleep(now);
  turn_.now = now;
  std::visit(
      [this](const auto& fact) {
        if constexpr (requires { workforce_.on(fact); }) {
          if (phase_ == Phase::running) workforce_.on(fact);
        } else if constexpr (requires { rollout_.on(fact); }) {
          if (phase_ == Phase::running) rollout_.on(fact);
        } else {
          handle(fact);
        }
      },
      event);
  advance();
  return std::exchange(turn_.actions, {});
}

// A master that was stopped or starved has seen no beat and no readiness for as long, and the whole
// process group may have been stopped with it: everybody gets a new window. The deadlines of those
// who were asked to leave stand: they are a promise to the operator.
void Supervisor::forgive_what_happened_while_asleep(TimePoint now) {
  if (now - turn_.now <= kTickGap) return;
  const std::optional<TimePoint> due = next_deadline();
  if (!due) return;
  const TimePoint asked = std::max(*due, turn_.now);
  if (now - asked <= kTickGap) return;
  for (const Place at : roster_.places()) {
    Seat& seat = roster_.seat(at);
    if (seat.last_beat) seat.last_beat = now;
    if (seat.state == ProcessState::starting) {
      seat.deadline = now + rollout_.settings_of(seat.generation).boot_timeout;
    }
  }
  turn_.notice({.kind = NoticeKind::overslept, .duration = now - asked});
}

void Supervisor::handle(const event::Started&) {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::running;
  workforce_.fill(observer_slot());
}

void Supervisor::handle(const event::Forked& event) {
  if (!roster_.exists(event.at) || seat(event.at).pid) return;
  feed(event.at, Input::forked, {.pid = event.pid});
}

void Supervisor::handle(const event::ForkFailed& event) {
  if (!roster_.exists(event.at) || seat(event.at).pid) return;
  feed(event.at, Input::fork_failed, {.error_number = event.error_number, .exit = event.exit});
}

void Supervisor::handle(const event::Ready& event) {
  if (!roster_.exists(event.at) || seat(event.at).epoch != event.epoch) return;
  feed(event.at, Input::ready, {});
}

void Supervisor::handle(const event::Exited& event) {
  const std::optional<Place> at = find(event.pid);
  if (!at) return;
  if (seat(*at).is_cut && event.exit.requests != 0 && finish_.code == ExitCode::stopped) {
    finish_.code = ExitCode::requests_cut;
  }
  feed(*at, Input::exited, {.exit = event.exit});
}

void Supervisor::handle(const event::Beat& event) {
  if (!roster_.exists(event.at)) return;
  feed(event.at, Input::beat, {.time = event.time});
}

void Supervisor::handle(const event::Recycle& event) {
  if (!roster_.exists(event.at) || seat(event.at).epoch != event.epoch) return;
  if (event.why == RecycleReason::stuck && !roster_.is_worker(event.at)) return;
  feed(event.at, Input::recycle, {.wish = event.why});
}

// The deadlines of those who were asked to leave stand: they are a promise to the operator.
void Supervisor::handle(const event::Excused& event) {
  if (!roster_.exists(event.at)) return;
  Seat& seat = roster_.seat(event.at);
  const bool dumps = seat.state == ProcessState::killing && seat.signal == Signal::abort;
  if (judges_beats_of(seat)) {
    seat.last_beat = std::min(*seat.last_beat + event.time, turn_.now);
  } else if ((seat.state == ProcessState::starting || dumps) && seat.deadline) {
    *seat.deadline += event.time;
  }
}

// Asked a second time, the operator does not want to wait.
void Supervisor::handle(const event::Stop& event) {
  const bool again = phase_ == Phase::stopping;
  if (!again) begin_stop();
  if (again || event.mode == StopMode::now) {
    kill_all();
  } else {
    drain_all();
  }
}

void Supervisor::handle(const event::Reload& event) {
  if (phase_ == Phase::running) rollout_.request(event);
}

void Supervisor::handle(const event::Tick&) {
  for (const Place at : roster_.places()) {
    const Seat& seat = roster_.seat(at);
    if (seat.deadline && turn_.now >= *seat.deadline) feed(at, Input::due, {});
    if (judges_beats_of(seat) && turn_.now - *seat.last_beat >= seat.patience) {
      feed(at, Input::silent, {});
    }
  }
}

std::optional<TimePoint> Supervisor::next_deadline() const {
  if (phase_ == Phase::idle || phase_ == Phase::finished) return std::nullopt;
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint time) { next = next ? std::min(*next, time) : time; };
  for (const Place at : roster_.places()) {
    const Seat& seat = this->seat(at);
    if (seat.deadline) consider(*seat.deadline);
    if (seat.state == ProcessState::ready) consider(turn_.now + kWatchEvery);
    // Twice: halfway somebody may want to look what it does.
    if (judges_beats_of(seat)) {
      const TimePoint halfway = *seat.last_beat + seat.patience / 2;
      consider(halfway > turn_.now ? halfway : *seat.last_beat + seat.patience);
    }
    // One that is due already waits for another process, not for the time.
    const bool waits = seat.state == ProcessState::ready && seat.successor_due;
    if (waits && *seat.successor_due > turn_.now) consider(*seat.successor_due);
  }
  if (const auto due = rollout_.deadline()) consider(*due);
  return next;
}

void Supervisor::feed(Place at, Input input, const Detail& detail) {
  const Outcome outcome = machine_.feed(at, input, detail);
  switch (outcome.kind) {
    case Outcome::Kind::none:
      break;
    case Outcome::Kind::ready:
      rollout_.on_ready(at);
      break;
    case Outcome::Kind::cut:
      // Only Stop promised to wait for running requests.
      if (phase_ == Phase::stopping) roster_.seat(at).is_cut = true;
      break;
    case Outcome::Kind::boot_timed_out:
      rollout_.on_boot_failed(at, seat(at).part == Part::retiring, *outcome.failure);
      break;
    case Outcome::Kind::lost:
      // One that was too slow has been told when its time was over.
      if (outcome.failure->kind == FailureKind::boot_exited ||
          outcome.failure->kind == FailureKind::fork_failed) {
        rollout_.on_boot_failed(at, seat(at).part == Part::replacement, *outcome.failure);
      } else {
        rollout_.on_lost(at, *outcome.failure);
      }
      machine_.succeed(at, *outcome.failure);
      break;
  }
}

void Supervisor::advance() {
  if (phase_ == Phase::running) {
    rollout_.quarantine();
    workforce_.fill_all();
    rollout_.step();
    give_up_when_hopeless();
  }
  if (phase_ == Phase::stopping) advance_stop();
}

void Supervisor::begin_stop() {
  phase_ = Phase::stopping;
  rollout_.abandon();
  for (Slot& slot : roster_.slots()) slot.want = Want::stop;
}

// The observer answers until everybody else is gone; only a second process of it leaves now. Task
// processes are asked together with the workers, so that both have the same time; they go on for
// the workers that are still there.
void Supervisor::drain_all() {
  for (const Place at : roster_.places()) {
    const Seat& seat = this->seat(at);
    if (roster_.is_observer(at) && seat.part == Part::current && seat.occupied()) continue;
    feed(at, Input::retire, {});
  }
}

void Supervisor::kill_all() {
  for (const Place at : roster_.places()) feed(at, Input::kill, {});
}

// Nobody serves, nobody is about to, and waiting has not helped. A replacement that waits for its
// seat shows in its slot's current process.
void Supervisor::give_up_when_hopeless() {
  std::optional<Failure> first;
  for (std::uint32_t slot = 0; slot < workers(); ++slot) {
    if (slots()[slot].want != Want::run) continue;
    const std::optional<Place> at = current(slot);
    if (!at) return;
    if (this->seat(Roster::sibling(*at)).part == Part::replacement) return;
    const Seat& seat = this->seat(*at);
    const bool held = seat.state == ProcessState::backoff && !seat.deadline;
    if (!held && seat.state != ProcessState::failed) return;
    const std::optional<Failure>& failure = slots()[slot].boot_failure;
    if (failure && (!first || failure->when < first->when)) first = failure;
  }
  const bool application =
      first && first->exit.code == config::to_int(ExitCode::application_failed);
  finish_ = {application ? ExitCode::application_failed : ExitCode::no_worker_booted, first};
  begin_stop();
  drain_all();
}

void Supervisor::advance_stop() {
  bool is_observed = false;
  for (const Place at : roster_.places()) {
    if (!seat(at).occupied()) continue;
    if (!roster_.is_observer(at)) return;
    is_observed = true;
  }
  if (is_observed) {
    for (std::uint32_t index = 0; index < kSeatsPerSlot; ++index) {
      feed({observer_slot(), index}, Input::retire, {});
    }
    return;
  }
  phase_ = Phase::finished;
  turn_.order(finish_);
}

}  // namespace prefork::supervision
