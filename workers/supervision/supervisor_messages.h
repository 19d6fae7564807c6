// What goes into the supervisor (events) and what comes out of it (actions): its whole language.
// Plain values made and consumed within one turn of the master's loop, by the master's one thread.
// Events are facts that have happened; actions are orders the shell carries out in the given order.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "config/values/exit_code.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

using config::ExitCode;

enum class StopMode : std::uint8_t { graceful, now };

// Facts about a seat name the process they mean, by pid or epoch, so that a late one cannot hit its
// successor. A fact that fits no process is ignored, as is one that its state has no use for.
namespace event {

// Begin: spawn the observer, all workers and task processes. Before it only Stop has a meaning.
struct Started {};

// Each Spawn is answered by one of these two. What is decided in between is carried out when the
// process is there.
struct Forked {
  Place at;
  Pid pid = 0;
};
struct ForkFailed {
  Place at;
  int error_number = 0;  // 0: somebody has said why
  Exit exit = {};        // of whoever was to fork, if it has ended
};

// The process says over its pipe that it serves.
struct Ready {
  Place at;
  Epoch epoch = 0;
};

// The process was reaped.
struct Exited {
  Pid pid = 0;
  Exit exit;
};

// The event loop of the process in this seat was alive at `time`. Report it before Tick.
struct Beat {
  Place at;
  TimePoint time;
};

// The process wants a successor, or is to have one, and goes on serving until that is ready. One
// that is stuck leaves as soon as there is a seat for its successor, which then starts.
struct Recycle {
  Place at;
  Epoch epoch = 0;
  RecycleReason why = RecycleReason::share_served;
};

// The process could not run for `time`, through no fault of its own: it waited for a processor, is
// held by a debugger, or the kernel writes its core. Its deadlines are so much later. Report it
// before Tick.
struct Excused {
  Place at;
  Duration time{};
};

struct Stop {
  StopMode mode = StopMode::graceful;
};

// Replace every process by one of this new generation, `settings.at_once` at a time; all of them or
// none. Capacity, observer and tasks of the settings are not looked at. Generations increase.
struct Reload {
  Generation generation = 0;
  Settings settings;
};

// The answer to Compare: whether the worker there answers worse than those of the generation
// before.
struct Compared {
  Place at;
  Epoch epoch = 0;
  bool is_worse = false;
};

struct AddWorker {};
struct RemoveWorker {};

// So many workers, 1 to the capacity; what was drained of them serves again.
struct SetWorkers {
  std::uint32_t workers = 1;
};
// The worker of this slot gets a successor and leaves; a slot that is empty, or waits for its next
// start, is filled at once.
struct RestartSlot {
  std::uint32_t slot = 0;
};
// The worker of this slot leaves, and nobody takes its place before RestartSlot or SetWorkers says
// so.
struct DrainSlot {
  std::uint32_t slot = 0;
};

// Time has passed. No process is judged by a deadline or a beat at any other event.
struct Tick {};

}  // namespace event

using Event = std::variant<event::Started, event::Forked, event::ForkFailed, event::Ready,
                           event::Exited, event::Beat, event::Recycle, event::Excused, event::Stop,
                           event::Reload, event::Compared, event::AddWorker, event::RemoveWorker,
                           event::SetWorkers, event::RestartSlot, event::DrainSlot, event::Tick>;

// The facts worth a line in the log. Which members of Notice are filled stands beside each; `at`
// and `pid` always name the process where there is one.
enum class NoticeKind : std::uint8_t {
  silent,                 // no beat for `duration`; SIGABRT follows
  boot_deadline_passed,   // not ready `duration` after its spawn; SIGABRT follows
  drain_deadline_passed,  // still there `duration` after it was asked to leave; it is cut by
                          // SIGKILL
  still_there,            // not gone `duration` after the first signal; SIGKILL is sent once more
  boot_failed,            // `failure`; not tried again before some worker has been ready
  restart_delayed,        // `failure`; next try in `duration`, the `count`-th loss in a row
  slot_failed,            // `failure`; given up after `count` boot failures, next try in `duration`
  reload_queued,       // to `generation`; it waits for the replacement or reload that is under way
  reload_started,      // to `generation`
  soak_started,        // to `generation`, for `duration`; `at` is watched meanwhile
  reload_finished,     // to `generation`
  reload_aborted,      // to `generation`; because of `failure`, or, without one, because of Stop.
                       // Nobody was replaced
  rollback_started,    // likewise because of `failure`, but some were: all go back to `back_to`
  rollback_delayed,    // `failure`; `at` stays at `generation`, next try in `duration`
  rollback_finished,   // all are of `generation` again
  recycle_started,     // `at` gets a successor because of `wish`: its share, its age, its memory
  terminate_started,   // likewise, because somebody has sent it SIGTERM
  restart_started,     // likewise, because an operator wants it
  quarantine_started,  // `at` is stuck: it leaves, and its successor starts at once
  recycle_aborted,     // `failure`; `at` goes on serving, next try in `duration`
  cannot_add_worker,   // all `count` slots are in use
  cannot_remove_worker,  // the last worker stays
  overslept,             // ticked `duration` later than asked for; boot and beat windows restart
};

namespace action {

// Fork a process into this vacant seat, give it the record of the seat, answer by Forked or
// ForkFailed. Its boot deadline runs already. Every Spawn is followed, sooner or later, by exactly
// one Release of the same seat.
struct Spawn {
  Place at;
  Epoch epoch = 0;
  Generation generation = 0;
  Role role = Role::worker;
  std::uint32_t restarts = 0;  // of the slot, this one included if it is one
};

// Ask the process to finish what it runs and to leave. Its deadline runs already. Drain and Kill
// are only ever given for a process whose fork was reported and whose end was not.
struct Drain {
  Place at;
  DrainReason why = DrainReason::stop;
};

// Send this signal.
struct Kill {
  Place at;
  Pid pid = 0;
  Signal signal = Signal::kill;
};

// The soak of a reload is over: compare what this worker has answered with what those of the
// generation before have since soak_started, and answer by Compared.
struct Compare {
  Place at;
  Epoch epoch = 0;
};

// The process is gone (or, after ForkFailed, never was): fold its statistics, free the record.
// `last` is the seat as it was just before: `last.state` says whether the end was asked for
// (draining), forced (killing) or neither. After ForkFailed `last.pid` is none.
struct Release {
  Place at;
  Seat last;
  Exit exit;
};

struct Notice {
  NoticeKind kind = NoticeKind::silent;
  std::optional<Place> at = std::nullopt;
  std::optional<Pid> pid = std::nullopt;
  Duration duration{};
  std::uint32_t count = 0;
  Generation generation = 0;
  Generation back_to = 0;
  std::optional<Failure> failure = std::nullopt;
  RecycleReason wish = RecycleReason::share_served;
};

// The last action there ever is: all processes are gone. `code` is how the master ends: `stopped`
// as asked; `requests_cut` likewise, but a worker that had requests was cut by SIGKILL;
// `no_worker_booted`; `application_failed`, likewise, and the first failure was the application's.
// `reason` is there for the two failures.
struct Finish {
  ExitCode code = ExitCode::stopped;
  std::optional<Failure> reason;
};

}  // namespace action

using Action = std::variant<action::Spawn, action::Drain, action::Kill, action::Compare,
                            action::Release, action::Notice, action::Finish>;

}  // namespace prefork::supervision
