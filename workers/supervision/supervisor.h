// The supervisor: decides what happens to every process of the server, and does nothing itself.
// `on(event, now)` turns one fact into the orders that follow from it: no fork, no clock, no
// descriptor, no log. The master's loop owns the only one, in its one thread, from start to Finish.
// The shell reports facts in the order they happened, readiness and beats before Tick, and carries
// out the actions in their order. What it learns while doing so (Forked) it reports at once; the
// actions that follow from it go behind those that are still to be carried out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::supervision {

// What can happen to a seat, and what comes with it: workers/supervisor_table.h.
enum class Input : std::uint8_t;
struct Detail;

class Supervisor {
 public:
  // Aborts unless 1 <= settings.workers <= settings.capacity.
  explicit Supervisor(const Settings& settings, Generation generation = 1);

  std::vector<Action> on(const Event& event, TimePoint now);

  // When the next Tick is due, at the latest; none: only an event can change anything. May lie in
  // the past when events other than Tick came in between.
  std::optional<TimePoint> next_deadline() const;

  // Worker slots 0 .. capacity-1, then the observer's.
  const std::vector<Slot>& slots() const { return slots_; }
  const Seat& seat(Place at) const { return slots_[at.slot].seats[at.seat]; }
  std::uint32_t observer_slot() const { return capacity_; }
  std::optional<Place> find(Pid pid) const;
  // The seat whose process answers for the slot.
  std::optional<Place> holder(std::uint32_t slot) const;

  // Workers wanted: slots 0 .. workers()-1.
  std::uint32_t workers() const { return workers_; }
  std::uint32_t ready_workers() const;
  // What the next restart would use: changes when the first process of a reload is ready.
  Generation generation() const { return generation_; }
  const Settings& settings() const { return settings_; }
  bool reloading() const { return reload_.has_value() || next_reload_.has_value(); }
  bool stopping() const { return phase_ == Phase::stopping || phase_ == Phase::finished; }
  bool finished() const { return phase_ == Phase::finished; }

 private:
  enum class Phase : std::uint8_t { idle, running, stopping, finished };

  // The one process that is awaited as a replacement, until it is ready, lost or withdrawn.
  struct Roll {
    Place at;
    bool recycle = false;  // of one slot at its own wish; otherwise a step of the reload
  };
  struct ReloadRun {
    event::Reload order;
    std::uint32_t next_slot = 0;  // the slots before it are done with
    bool committed = false;       // its first process was ready: there is no way back
  };
  // Events (supervisor.cpp).
  void handle(const event::Started& event);
  void handle(const event::Forked& event);
  void handle(const event::ForkFailed& event);
  void handle(const event::Ready& event);
  void handle(const event::Exited& event);
  void handle(const event::Beat& event);
  void handle(const event::Recycle& event);
  void handle(const event::Stop& event);
  void handle(const event::Reload& event);
  void handle(const event::AddWorker& event);
  void handle(const event::RemoveWorker& event);
  void handle(const event::Tick& event);
  void forgive_what_happened_while_asleep(TimePoint now);

  // The life of one seat (supervisor_seat.cpp).
  void feed(Place at, Input input, const Detail& detail);
  void note_pid(Place at, Pid pid);
  void serve(Place at);
  void note_beat(Place at, TimePoint time);
  void note_successor(Place at);
  void drain(Place at, DrainReason why);
  void hasten(Place at, DrainReason why);
  void cut(Place at);
  void abort_boot(Place at);
  void abort_silent(Place at);
  void insist(Place at);
  void end(Place at);
  void send(Place at, Signal signal);
  void lose(Place at, FailureKind kind, const Detail& detail);
  void leave(Place at, const Detail& detail);
  void release(Place at, const Exit& exit);
  void clear(Place at);
  void plan_restart(Place at, const Failure& failure);
  void restart(Place at);
  void retry(Place at);
  void spawn(Place at, Part part, Generation generation);
  void enter(Place at, ProcessState state, std::optional<TimePoint> deadline);
  void count_cut(Place at);
  Duration grace(Place at, DrainReason why) const;

  // The course of the whole server (supervisor_plan.cpp).
  void advance();
  void fill_slot(std::uint32_t slot);
  void start_reload();
  bool step_reload();
  void commit_reload();
  void finish_reload();
  bool start_recycle();
  void roll(Place old, Generation generation, bool recycle);
  void roll_ready();
  void abort_roll(const Failure& failure);
  void abort_recycle(Place old, const Failure& failure);
  void add_worker();
  void remove_worker();
  void begin_stop();
  void drain_all();
  void kill_all();
  void give_up_when_hopeless();
  void advance_stop();

  Seat& seat_at(Place at) { return slots_[at.slot].seats[at.seat]; }
  Slot& slot_of(Place at) { return slots_[at.slot]; }
  bool exists(Place at) const { return at.slot < slots_.size() && at.seat < kSeatsPerSlot; }
  bool is_worker(Place at) const { return at.slot < capacity_; }
  bool awaited(Place at) const { return roll_.has_value() && roll_->at == at; }
  Duration boot_timeout(Generation generation) const;
  static Duration backoff(std::uint32_t losses);
  void notice(const action::Notice& notice) { actions_.emplace_back(notice); }
  Place sibling(Place at) const { return {at.slot, 1 - at.seat}; }

  Settings settings_;
  std::uint32_t capacity_;
  std::vector<Slot> slots_;
  std::vector<Place> places_;  // every seat there is, in order
  std::uint32_t workers_;
  Generation generation_;
  Epoch last_epoch_ = 0;
  Phase phase_ = Phase::idle;
  bool any_worker_was_ready_ = false;
  std::optional<Roll> roll_;
  std::optional<ReloadRun> reload_;
  std::optional<event::Reload> next_reload_;
  action::Finish finish_;

  TimePoint now_;                // of the event at hand, or the last one
  std::vector<Action> actions_;  // of the event at hand
};

}  // namespace prefork::supervision
