// The life of one seat: the reactions that workers/supervisor_table.h names.
#include <algorithm>
#include <cstdlib>

#include "workers/supervision/supervisor.h"
#include "workers/supervision/supervisor_table.h"

namespace prefork::supervision {

namespace {

bool is_boot_failure(FailureKind kind) {
  return kind == FailureKind::fork_failed || kind == FailureKind::boot_exited ||
         kind == FailureKind::boot_timed_out;
}

// What the loss of a process in this seat means.
FailureKind kind_of_loss(const Seat& seat, const Exit& exit) {
  if (seat.state == ProcessState::killing) {
    return seat.ready_at ? FailureKind::silent : FailureKind::boot_timed_out;
  }
  const bool says_so =
      exit.signal == 0 && (exit.code == config::to_int(ExitCode::no_worker_booted) ||
                           exit.code == config::to_int(ExitCode::application_failed));
  if (seat.state == ProcessState::starting || says_so) return FailureKind::boot_exited;
  return FailureKind::crashed;
}

}  // namespace

// The delay after this many losses in a row.
Duration Supervisor::backoff(std::uint32_t losses) {
  Duration delay = kBackoffFirst;
  for (std::uint32_t step = 1; step < losses && delay < kBackoffMax; ++step) delay *= 2;
  return std::min<Duration>(delay, kBackoffMax);
}

void Supervisor::feed(Place at, Input input, const Detail& detail) {
  const Seat& seat = seat_at(at);
  switch (reaction(seat.state, input)) {
    case Reaction::ignore:
      return;
    case Reaction::note_pid:
      return note_pid(at, detail.pid);
    case Reaction::fork_lost:
      return lose(at, FailureKind::fork_failed, detail);
    case Reaction::serve:
      return serve(at);
    case Reaction::lost:
      return lose(at, kind_of_loss(seat, detail.exit), detail);
    case Reaction::left:
      return leave(at, detail);
    case Reaction::beat:
      return note_beat(at, detail.time);
    case Reaction::successor:
      return note_successor(at);
    case Reaction::abort_boot:
      return abort_boot(at);
    case Reaction::abort_silent:
      return abort_silent(at);
    case Reaction::cut:
      return cut(at);
    case Reaction::insist:
      return insist(at);
    case Reaction::restart:
      return restart(at);
    case Reaction::retry:
      return retry(at);
    case Reaction::drain:
      return drain(at, detail.why);
    case Reaction::hasten:
      return hasten(at, detail.why);
    case Reaction::disown:
      seat_at(at).part = Part::leaver;
      return;
    case Reaction::end:
      return end(at);
    case Reaction::forget:
      return clear(at);
  }
  std::abort();
}

void Supervisor::enter(Place at, ProcessState state, std::optional<TimePoint> deadline) {
  Seat& seat = seat_at(at);
  seat.state = state;
  seat.since = now_;
  seat.deadline = deadline;
}

void Supervisor::spawn(Place at, Part part, Generation generation) {
  if (seat_at(at).occupied() || phase_ != Phase::running) std::abort();
  Seat fresh;
  fresh.part = part;
  fresh.epoch = ++last_epoch_;
  fresh.generation = generation;
  fresh.started = now_;
  seat_at(at) = fresh;
  // Before the fork, so that no process is ever without it.
  enter(at, ProcessState::starting, now_ + boot_timeout(generation));
  const Slot& slot = slot_of(at);
  actions_.emplace_back(action::Spawn{at, fresh.epoch, generation, slot.role, slot.restarts});
}

void Supervisor::note_pid(Place at, Pid pid) {
  Seat& seat = seat_at(at);
  seat.pid = pid;
  if (seat.state == ProcessState::draining) {
    actions_.emplace_back(action::Drain{at, seat.leaves_because.value_or(DrainReason::stop)});
  }
  if (seat.signal) actions_.emplace_back(action::Kill{at, pid, *seat.signal});
}

void Supervisor::serve(Place at) {
  Seat& seat = seat_at(at);
  enter(at, ProcessState::ready, std::nullopt);
  seat.ready_at = now_;
  seat.last_beat = now_;
  if (is_worker(at) && !any_worker_was_ready_) {
    any_worker_was_ready_ = true;
    for (const Place other : places_) {
      Seat& held = seat_at(other);
      if (held.state == ProcessState::backoff && !held.deadline)
        held.deadline = now_ + kBackoffFirst;
    }
  }
  if (awaited(at)) roll_ready();
}

void Supervisor::note_beat(Place at, TimePoint time) {
  Seat& seat = seat_at(at);
  seat.last_beat = std::max(seat.last_beat.value_or(time), std::min(time, now_));
}

void Supervisor::note_successor(Place at) {
  Seat& seat = seat_at(at);
  if (!seat.successor_due) seat.successor_due = now_;
}

Duration Supervisor::grace(Place at, DrainReason why) const {
  if (!is_worker(at) && why == DrainReason::stop) return kObserverStopGrace;
  return settings_.graceful_timeout;
}

// Without a pid the wish is remembered until the fork is reported, as a signal is.
void Supervisor::drain(Place at, DrainReason why) {
  Seat& seat = seat_at(at);
  if (awaited(at)) roll_.reset();
  seat.part = Part::leaver;
  enter(at, ProcessState::draining, now_ + grace(at, why));
  seat.leaves_because = why;
  if (seat.pid) actions_.emplace_back(action::Drain{at, why});
}

void Supervisor::hasten(Place at, DrainReason why) {
  Seat& seat = seat_at(at);
  seat.deadline = std::min(seat.deadline.value_or(TimePoint::max()), now_ + grace(at, why));
}

void Supervisor::cut(Place at) {
  const Seat& seat = seat_at(at);
  notice({.kind = NoticeKind::drain_deadline_passed,
          .at = at,
          .pid = seat.pid,
          .duration = now_ - seat.since});
  count_cut(at);
  send(at, Signal::kill);
}

// Only what had served can have had requests running, and only Stop promised to wait for them.
void Supervisor::count_cut(Place at) {
  const bool served = is_worker(at) && seat_at(at).ready_at.has_value();
  if (phase_ == Phase::stopping && served && finish_.code == ExitCode::stopped) {
    finish_.code = ExitCode::requests_cut;
  }
}

void Supervisor::abort_boot(Place at) {
  Seat& seat = seat_at(at);
  notice({.kind = NoticeKind::boot_deadline_passed,
          .at = at,
          .pid = seat.pid,
          .duration = now_ - seat.started});
  const Failure failure{FailureKind::boot_timed_out, at, seat.pid, {}, 0, now_};
  send(at, Signal::abort);
  if (awaited(at)) abort_roll(failure);
  if (seat.part == Part::candidate) {
    seat.part = Part::leaver;
    slot_of(at).last_failure = failure;
  }
}

void Supervisor::abort_silent(Place at) {
  const Seat& seat = seat_at(at);
  notice({.kind = NoticeKind::silent,
          .at = at,
          .pid = seat.pid,
          .duration = now_ - seat.last_beat.value_or(seat.since)});
  send(at, Signal::abort);
}

// The deadline of a killing seat: SIGABRT was caught or its core takes too long, or the kernel
// holds on to the process.
void Supervisor::insist(Place at) {
  const Seat& seat = seat_at(at);
  if (seat.signal == Signal::kill) {
    notice({.kind = NoticeKind::still_there,
            .at = at,
            .pid = seat.pid,
            .duration = now_ - seat.since});
  }
  send(at, Signal::kill);
}

void Supervisor::end(Place at) {
  Seat& seat = seat_at(at);
  seat.part = Part::leaver;
  if (seat.state != ProcessState::killing) count_cut(at);
  if (seat.signal != Signal::kill) send(at, Signal::kill);
}

// Without a pid the order is remembered until the fork is reported.
void Supervisor::send(Place at, Signal signal) {
  Seat& seat = seat_at(at);
  const TimePoint next = now_ + (signal == Signal::abort ? Duration{kAbortGrace} : kKillAgain);
  if (seat.state != ProcessState::killing) enter(at, ProcessState::killing, next);
  seat.deadline = next;
  seat.signal = signal;
  if (seat.pid) actions_.emplace_back(action::Kill{at, *seat.pid, signal});
}

void Supervisor::release(Place at, const Exit& exit) {
  Seat& seat = seat_at(at);
  actions_.emplace_back(action::Release{at, seat, exit});
  seat.pid.reset();
}

void Supervisor::clear(Place at) {
  seat_at(at) = Seat{};
  seat_at(at).since = now_;
}

void Supervisor::leave(Place at, const Detail& detail) {
  release(at, detail.exit);
  clear(at);
}

void Supervisor::lose(Place at, FailureKind kind, const Detail& detail) {
  Slot& slot = slot_of(at);
  const Seat lost = seat_at(at);
  if (lost.part == Part::leaver) return leave(at, detail);

  const Failure failure{kind, at, lost.pid, detail.exit, detail.error_number, now_};
  slot.last_failure = failure;
  if (lost.ready_at && now_ - *lost.ready_at >= kHealthySpell) {
    slot.setbacks = 0;
    slot.boot_failures = 0;
  }
  release(at, detail.exit);
  if (awaited(at)) abort_roll(failure);

  Seat& other = seat_at(sibling(at));
  if (lost.part == Part::holder && other.part == Part::candidate) {
    // Its successor is booting already. A step of a reload goes on being awaited.
    other.part = Part::holder;
    if (awaited(sibling(at)) && roll_->recycle) roll_.reset();
    return clear(at);
  }
  if (lost.part == Part::candidate || slot.want != Want::run) return clear(at);
  plan_restart(at, failure);
}

void Supervisor::plan_restart(Place at, const Failure& failure) {
  Slot& slot = slot_of(at);
  Seat waiting;
  waiting.part = Part::holder;
  waiting.epoch = seat_at(at).epoch;
  waiting.generation = seat_at(at).generation;
  waiting.started = seat_at(at).started;
  seat_at(at) = waiting;
  ++slot.setbacks;
  slot.boot_failures = is_boot_failure(failure.kind) ? slot.boot_failures + 1 : 0;
  const bool worker_cannot_boot = is_worker(at) && is_boot_failure(failure.kind);
  if (worker_cannot_boot) slot.boot_failure = failure;

  action::Notice said{.at = at, .pid = failure.pid, .failure = failure};
  if (worker_cannot_boot && !any_worker_was_ready_) {
    said.kind = NoticeKind::boot_failed;
    enter(at, ProcessState::backoff, std::nullopt);
  } else if (worker_cannot_boot && slot.boot_failures >= kBootAttempts) {
    said.kind = NoticeKind::slot_failed;
    said.count = slot.boot_failures;
    said.duration = kFailedRetry;
    enter(at, ProcessState::failed, now_ + kFailedRetry);
  } else {
    said.kind = NoticeKind::restart_delayed;
    said.count = slot.setbacks;
    said.duration = backoff(slot.setbacks);
    enter(at, ProcessState::backoff, now_ + said.duration);
  }
  notice(said);
}

void Supervisor::restart(Place at) {
  ++slot_of(at).restarts;
  spawn(at, Part::holder, generation_);
}

void Supervisor::retry(Place at) {
  if (ready_workers() > 0) return restart(at);
  seat_at(at).deadline = now_ + kFailedRetry;
}

}  // namespace prefork::supervision
