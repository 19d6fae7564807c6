#include "workers/master/vitals.h"

#include <csignal>
#include <utility>

namespace prefork::master {

using supervision::Clock;

Vitals::Vitals(Parts parts) : parts_(std::move(parts)) {}

void Vitals::look() {
  report_beats();
  excuse();
  end_deaf_ones();
}

void Vitals::report_beats() {
  const supervision::Supervisor& supervisor = parts_.supervisor;
  for (const ipc::Place at : supervisor.places()) {
    const bool is_worker = at.slot < supervisor.observer_slot();
    if (!is_worker || !supervisor.judges_beats_of(supervisor.seat(at))) {
      continue;
    }
    const supervision::TimePoint time =
        parts_.publisher.beat_of(at, supervisor.settings().graceful_timeout);
    if (supervisor.seat(at).last_beat != time) {
      parts_.report(supervision::event::Beat{at, time});
    }
  }
}

void Vitals::excuse() {
  for (const Excuses::Found& found : excuses_.find(parts_.supervisor, Clock::now())) {
    const ipc::Place at = found.excused.at;
    if (found.new_tracer) {
      say(parts_.narrator.is_traced(at, parts_.supervisor.seat(at).pid, *found.new_tracer));
    }
    parts_.report(found.excused);
  }
}

// One that cannot be told anything cannot be asked to leave either.
void Vitals::end_deaf_ones() {
  for (const ipc::Place at : parts_.children.take_deaf(Clock::now())) {
    const supervision::Seat& seat = parts_.supervisor.seat(at);
    if (seat.pid && seat.state != ipc::ProcessState::draining) {
      say(parts_.narrator.is_deaf(at, seat.pid));
      ::kill(*seat.pid, SIGKILL);
    }
  }
}

}  // namespace prefork::master
