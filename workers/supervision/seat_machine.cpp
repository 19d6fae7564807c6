#include "workers/supervision/seat_machine.h"

#include <algorithm>
#include <cstdlib>

namespace prefork::supervision {

namespace {

bool is_boot_failure(FailureKind kind) {
  return kind == FailureKind::fork_failed || kind == FailureKind::boot_exited ||
         kind == FailureKind::boot_timed_out;
}

// What the loss of a process in this seat means. Its exit code does not count: an application may
// end its process with any.
FailureKind kind_of_loss(const Seat& seat) {
  if (seat.state == ProcessState::killing) {
    return seat.ready_at ? FailureKind::silent : FailureKind::boot_timed_out;
  }
  if (seat.state == ProcessState::starting) return FailureKind::boot_exited;
  return FailureKind::crashed;
}

}  // namespace

Duration backoff(std::uint32_t losses) {
  Duration delay = kBackoffFirst;
  for (std::uint32_t step = 1; step < losses && delay < kBackoffMax; ++step) delay *= 2;
  return std::min<Duration>(delay, kBackoffMax);
}

SeatMachine::SeatMachine(Roster& roster, const Wanted& wanted, Turn& turn)
    : roster_(roster), wanted_(wanted), turn_(turn) {}

Outcome SeatMachine::feed(Place at, Input input, const Detail& detail) {
  const Seat& seat = roster_.seat(at);
  switch (reaction(seat.state, input)) {
    case Reaction::ignore:
      break;
    case Reaction::note_pid:
      note_pid(at, detail.pid);
      break;
    case Reaction::fork_lost:
      return lose(at, FailureKind::fork_failed, detail);
    case Reaction::serve:
      return serve(at);
    case Reaction::lost:
      return lose(at, kind_of_loss(seat), detail);
    case Reaction::left:
      leave(at, detail);
      break;
    case Reaction::beat:
      note_beat(at, detail.time);
      break;
    case Reaction::successor:
      note_successor(at, detail.wish);
      break;
    case Reaction::abort_boot:
      return abort_boot(at);
    case Reaction::abort_silent:
      abort_silent(at);
      break;
    case Reaction::cut:
      return cut(at);
    case Reaction::escalate:
      escalate(at);
      break;
    case Reaction::restart:
      restart(at);
      break;
    case Reaction::retry:
      retry(at);
      break;
    case Reaction::drain:
      drain(at, detail.why);
      break;
    case Reaction::shorten:
      shorten_deadline(at, detail.why);
      break;
    case Reaction::orphan:
      roster_.seat(at).part = Part::retiring;
      break;
    case Reaction::end:
      return end(at);
    case Reaction::forget:
      clear(at);
      break;
  }
  return {};
}

void SeatMachine::enter(Place at, ProcessState state, std::optional<TimePoint> deadline) {
  Seat& seat = roster_.seat(at);
  seat.state = state;
  seat.since = turn_.now;
  seat.deadline = deadline;
}

void SeatMachine::spawn(Place at, Part part, Generation generation, const Settings& settings) {
  const Slot& slot = roster_.slot_of(at);
  if (roster_.seat(at).occupied() || slot.want != Want::run) std::abort();
  Seat fresh;
  fresh.part = part;
  fresh.epoch = ++past_.last_epoch;
  fresh.generation = generation;
  fresh.started = turn_.now;
  fresh.patience = settings.healthcheck_timeout;
  roster_.seat(at) = fresh;
  // Before the fork, so that no process is ever without it.
  enter(at, ProcessState::starting, turn_.now + settings.boot_timeout);
  turn_.order(action::Spawn{at, fresh.epoch, generation, slot.role, slot.restarts});
}

void SeatMachine::respawn(Place at, Generation generation, const Settings& settings) {
  ++roster_.slot_of(at).restarts;
  spawn(at, Part::current, generation, settings);
  roster_.seat(at).is_restart = true;
}

void SeatMachine::note_pid(Place at, Pid pid) {
  Seat& seat = roster_.seat(at);
  seat.pid = pid;
  if (seat.state == ProcessState::draining) {
    turn_.order(action::Drain{at, seat.leaves_because.value_or(DrainReason::stop)});
  }
  if (seat.signal) turn_.order(action::Kill{at, pid, *seat.signal});
}

Outcome SeatMachine::serve(Place at) {
  Seat& seat = roster_.seat(at);
  enter(at, ProcessState::ready, std::nullopt);
  seat.ready_at = turn_.now;
  seat.last_beat = turn_.now;
  if (roster_.is_worker(at) && !past_.any_worker_was_ready) {
    past_.any_worker_was_ready = true;
    for (const Place other : roster_.places()) {
      Seat& held = roster_.seat(other);
      if (held.state == ProcessState::backoff && !held.deadline) {
        held.deadline = turn_.now + kBackoffFirst;
      }
    }
  }
  return {Outcome::Kind::ready};
}

void SeatMachine::note_beat(Place at, TimePoint time) {
  Seat& seat = roster_.seat(at);
  seat.last_beat = std::max(seat.last_beat.value_or(time), std::min(time, turn_.now));
}

void SeatMachine::note_successor(Place at, RecycleReason why) {
  Seat& seat = roster_.seat(at);
  const bool is_urgent =
      why == RecycleReason::stuck && seat.wants_successor != RecycleReason::stuck;
  if (seat.successor_due && !is_urgent) return;
  seat.wants_successor = why;
  seat.successor_due = turn_.now;
  if (why == RecycleReason::terminated) *seat.successor_due += kTerminateDelay;
  if (why == RecycleReason::stuck) *seat.successor_due += quarantine_delay(at);
}

// The first one has its successor at once; where each is soon stuck again, they come ever slower.
Duration SeatMachine::quarantine_delay(Place at) {
  const Seat& seat = roster_.seat(at);
  std::uint32_t& in_a_row = roster_.slot_of(at).quarantines;
  if (seat.ready_at && turn_.now - *seat.ready_at >= kHealthySpell) in_a_row = 0;
  return in_a_row++ == 0 ? Duration::zero() : backoff(in_a_row - 1);
}

std::optional<TimePoint> SeatMachine::time_to_leave(Place at, DrainReason why) const {
  const Seat& seat = roster_.seat(at);
  const bool terminated = seat.successor_due && seat.wants_successor == RecycleReason::terminated;
  if (roster_.is_worker(at) && why == DrainReason::replaced && !terminated) {
    const std::optional<Duration>& patience = wanted_.settings.replaced_timeout;
    return patience ? std::optional(turn_.now + *patience) : std::nullopt;
  }
  if (roster_.is_observer(at) && why == DrainReason::stop) return turn_.now + kObserverStopGrace;
  return turn_.now + wanted_.settings.graceful_timeout;
}

// Without a pid the wish is remembered until the fork is reported, as a signal is.
void SeatMachine::drain(Place at, DrainReason why) {
  Seat& seat = roster_.seat(at);
  seat.part = Part::retiring;
  const bool served = seat.ready_at.has_value();
  enter(at, ProcessState::draining,
        served ? time_to_leave(at, why)
               : turn_.now + std::min<Duration>(wanted_.settings.graceful_timeout, kBootStopGrace));
  seat.leaves_because = why;
  if (seat.pid) turn_.order(action::Drain{at, why});
}

void SeatMachine::shorten_deadline(Place at, DrainReason why) {
  Seat& seat = roster_.seat(at);
  const std::optional<TimePoint> leaves = time_to_leave(at, why);
  if (leaves) seat.deadline = std::min(seat.deadline.value_or(*leaves), *leaves);
}

Outcome SeatMachine::cut(Place at) {
  const Seat& seat = roster_.seat(at);
  if (seat.ready_at) {
    turn_.notice({.kind = NoticeKind::drain_deadline_passed,
                  .at = at,
                  .pid = seat.pid,
                  .duration = turn_.now - seat.since});
  }
  send(at, Signal::kill);
  return cut_outcome(at);
}

// Only what had served can have had requests running.
Outcome SeatMachine::cut_outcome(Place at) const {
  const bool served = roster_.is_worker(at) && roster_.seat(at).ready_at.has_value();
  return {served ? Outcome::Kind::cut : Outcome::Kind::none};
}

Outcome SeatMachine::abort_boot(Place at) {
  Seat& seat = roster_.seat(at);
  turn_.notice({.kind = NoticeKind::boot_deadline_passed,
                .at = at,
                .pid = seat.pid,
                .duration = turn_.now - seat.started});
  const Failure failure{FailureKind::boot_timed_out, at, seat.pid, {}, 0, turn_.now};
  send(at, Signal::abort);
  if (seat.part == Part::replacement) {
    seat.part = Part::retiring;
    roster_.slot_of(at).last_failure = failure;
  }
  return {Outcome::Kind::boot_timed_out, failure};
}

void SeatMachine::abort_silent(Place at) {
  const Seat& seat = roster_.seat(at);
  turn_.notice({.kind = NoticeKind::silent,
                .at = at,
                .pid = seat.pid,
                .duration = turn_.now - seat.last_beat.value_or(seat.since)});
  send(at, Signal::abort);
}

// The deadline of a killing seat: SIGABRT was caught or its core takes too long, or the kernel
// holds on to the process.
void SeatMachine::escalate(Place at) {
  const Seat& seat = roster_.seat(at);
  if (seat.signal == Signal::kill) {
    turn_.notice({.kind = NoticeKind::still_there,
                  .at = at,
                  .pid = seat.pid,
                  .duration = turn_.now - seat.since});
  }
  send(at, Signal::kill);
}

Outcome SeatMachine::end(Place at) {
  Seat& seat = roster_.seat(at);
  seat.part = Part::retiring;
  const bool was_killed = seat.state == ProcessState::killing;
  if (seat.signal != Signal::kill) send(at, Signal::kill);
  return was_killed ? Outcome{} : cut_outcome(at);
}

// Without a pid the order is remembered until the fork is reported.
void SeatMachine::send(Place at, Signal signal) {
  Seat& seat = roster_.seat(at);
  const TimePoint next = turn_.now + (signal == Signal::abort ? Duration{kAbortGrace} : kKillAgain);
  if (seat.state != ProcessState::killing) enter(at, ProcessState::killing, next);
  seat.deadline = next;
  seat.signal = signal;
  if (seat.pid) turn_.order(action::Kill{at, *seat.pid, signal});
}

void SeatMachine::release(Place at, const Exit& exit) {
  Seat& seat = roster_.seat(at);
  turn_.order(action::Release{at, seat, exit});
  seat.pid.reset();
}

void SeatMachine::clear(Place at) {
  roster_.seat(at) = Seat{};
  roster_.seat(at).since = turn_.now;
}

void SeatMachine::leave(Place at, const Detail& detail) {
  release(at, detail.exit);
  clear(at);
}

Outcome SeatMachine::lose(Place at, FailureKind kind, const Detail& detail) {
  Slot& slot = roster_.slot_of(at);
  const Seat lost = roster_.seat(at);
  // There never was a process.
  if (kind == FailureKind::fork_failed && lost.is_restart) --slot.restarts;
  if (lost.part == Part::retiring) {
    leave(at, detail);
    return {};
  }
  const Failure failure{kind, at, lost.pid, detail.exit, detail.error_number, turn_.now};
  slot.last_failure = failure;
  if (lost.ready_at && turn_.now - *lost.ready_at >= kHealthySpell) {
    slot.setbacks = 0;
    slot.boot_failures = 0;
  }
  release(at, detail.exit);
  return {Outcome::Kind::lost, failure};
}

void SeatMachine::succeed(Place at, const Failure& failure) {
  const Part part = roster_.seat(at).part;
  Seat& other = roster_.seat(Roster::sibling(at));
  if (part == Part::current && other.part == Part::replacement &&
      (other.generation == wanted_.generation || !past_.any_worker_was_ready)) {
    // It is booting already. One of a generation that is still to come may load for long, or in
    // vain: where the present one is known to boot nobody waits for that.
    other.part = Part::current;
    return clear(at);
  }
  if (part == Part::replacement || roster_.slot_of(at).want != Want::run) return clear(at);
  plan_restart(at, failure);
}

void SeatMachine::plan_restart(Place at, const Failure& failure) {
  Slot& slot = roster_.slot_of(at);
  Seat waiting;
  waiting.part = Part::current;
  waiting.epoch = roster_.seat(at).epoch;
  waiting.generation = roster_.seat(at).generation;
  waiting.started = roster_.seat(at).started;
  roster_.seat(at) = waiting;
  ++slot.setbacks;
  slot.boot_failures = is_boot_failure(failure.kind) ? slot.boot_failures + 1 : 0;
  const bool worker_cannot_boot = roster_.is_worker(at) && is_boot_failure(failure.kind);
  if (worker_cannot_boot) slot.boot_failure = failure;

  action::Notice said{.at = at, .pid = failure.pid, .failure = failure};
  if (worker_cannot_boot && !past_.any_worker_was_ready) {
    said.kind = NoticeKind::boot_failed;
    enter(at, ProcessState::backoff, std::nullopt);
  } else if (worker_cannot_boot && slot.boot_failures >= kBootAttempts) {
    said.kind = NoticeKind::slot_failed;
    said.count = slot.boot_failures;
    said.duration = kFailedRetry;
    enter(at, ProcessState::failed, turn_.now + kFailedRetry);
  } else {
    said.kind = NoticeKind::restart_delayed;
    said.count = slot.setbacks;
    said.duration = backoff(slot.setbacks);
    enter(at, ProcessState::backoff, turn_.now + said.duration);
  }
  turn_.notice(said);
}

void SeatMachine::restart(Place at) { respawn(at, wanted_.generation, wanted_.settings); }

void SeatMachine::retry(Place at) {
  if (roster_.ready_workers() > 0) return restart(at);
  roster_.seat(at).deadline = turn_.now + kFailedRetry;
}

}  // namespace prefork::supervision
