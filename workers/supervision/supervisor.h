// The supervisor: decides what happens to every process of the server, and does nothing itself.
// `on(event, now)` turns one fact into the orders that follow from it: no fork, no clock, no
// descriptor, no log. The master's loop owns the only one, in its one thread, from start to Finish.
// The shell reports facts in the order they happened, readiness and beats before Tick, and carries
// out the actions in their order. What it learns while doing so (Forked) it reports at once; the
// actions that follow from it go behind those that are still to be carried out.
//
// What one seat does is the SeatMachine's, how many workers there are the Workforce's, replacing
// them the Rollout's; here are the events, the order of the steps and the end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "workers/supervision/rollout.h"
#include "workers/supervision/roster.h"
#include "workers/supervision/seat_machine.h"
#include "workers/supervision/supervisor_memory.h"
#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"
#include "workers/supervision/turn.h"
#include "workers/supervision/workforce.h"

namespace prefork::supervision {

class Supervisor {
 public:
  // Aborts unless 1 <= settings.workers <= settings.capacity.
  explicit Supervisor(const Settings& settings, Generation generation = 1);
  // Goes on where another one was. Aborts when that cannot be, see fault_of().
  explicit Supervisor(const Memory& memory);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  std::vector<Action> on(const Event& event, TimePoint now);

  // All it knows while it runs, but for a reload or a rollback that is under way: the processes of
  // those are there like all others.
  [[nodiscard]] Memory memory() const;

  // When the next Tick is due, at the latest; none: only an event can change anything. May lie in
  // the past when events other than Tick came in between.
  std::optional<TimePoint> next_deadline() const;

  // Worker slots 0 .. capacity-1, then the observer's, then those of task processes.
  const std::vector<Slot>& slots() const { return roster_.slots(); }
  const Seat& seat(Place at) const { return roster_.seat(at); }
  std::uint32_t observer_slot() const { return roster_.observer_slot(); }
  // Every seat there is, in order.
  const std::vector<Place>& places() const { return roster_.places(); }
  std::optional<Place> find(Pid pid) const { return roster_.find(pid); }
  // The seat whose process answers for the slot.
  std::optional<Place> current(std::uint32_t slot) const { return roster_.current(slot); }

  // Workers wanted: slots 0 .. workers()-1.
  std::uint32_t workers() const { return wanted_.workers; }
  std::uint32_t ready_workers() const { return roster_.ready_workers(); }
  // What the next restart would use: changes when the first process of a reload is ready.
  Generation generation() const { return wanted_.generation; }
  const Settings& settings() const { return wanted_.settings; }
  bool reloading() const { return rollout_.reloading(); }
  // A reload was given up midway, and those it had replaced are being replaced again.
  bool rolling_back() const { return rollout_.rolling_back(); }
  // Processes of this generation may still be started.
  bool needs(Generation generation) const { return rollout_.needs(generation); }
  // A process that serves, or finishes what it has begun to: one that is silent is hung. For those
  // that a stop has asked to leave, its deadline is the only one.
  bool judges_beats_of(const Seat& seat) const {
    const bool has_served = seat.state == ProcessState::ready ||
                            (seat.state == ProcessState::draining && phase_ == Phase::running);
    return has_served && seat.last_beat && seat.patience != Duration::zero();
  }
  bool stopping() const { return phase_ == Phase::stopping || phase_ == Phase::finished; }
  bool finished() const { return phase_ == Phase::finished; }

 private:
  enum class Phase : std::uint8_t { idle, running, stopping, finished };

  void handle(const event::Started& event);
  void handle(const event::Forked& event);
  void handle(const event::ForkFailed& event);
  void handle(const event::Ready& event);
  void handle(const event::Exited& event);
  void handle(const event::Beat& event);
  void handle(const event::Recycle& event);
  void handle(const event::Excused& event);
  void handle(const event::Stop& event);
  void handle(const event::Reload& event);
  void handle(const event::Tick& event);
  void forgive_what_happened_while_asleep(TimePoint now);

  // Lets the seat react and follows up what that means for the others.
  void feed(Place at, Input input, const Detail& detail);
  // Takes the steps that have become possible.
  void advance();
  void begin_stop();
  void drain_all();
  void kill_all();
  void give_up_when_hopeless();
  void advance_stop();

  Roster roster_;
  Wanted wanted_;
  Turn turn_;
  SeatMachine machine_;
  Workforce workforce_;
  Rollout rollout_;
  Phase phase_ = Phase::idle;
  action::Finish finish_;
};

}  // namespace prefork::supervision
