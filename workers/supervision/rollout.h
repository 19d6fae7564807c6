// Replaces processes: all of them by a new generation (a reload), or one at its own wish (a
// recycle). Only notes what was asked for; step() goes on when that is possible.
//
// A reload is all or nothing. It is committed when its first process is ready; when a later one
// cannot boot, everything is rolled back: the generation before is in force again, and who was
// replaced already is replaced once more. If that cannot boot either, who serves goes on serving,
// of whatever generation, and the next try comes after a back-off; another reload goes first.
//
// With `settings.soak` the first worker of the new generation serves alone of its kind for that
// time. If it ends meanwhile, is stuck, or answers worse than those before it, everything is rolled
// back.
//
// The observer is not waited for while the one before it answers somebody yet, who may wait for the
// end of this very reload: it follows as soon as that one is gone.
//
// A reload has `settings.at_once` slots under way at the same time: their successors boot, each
// beside the process it is to replace, which serves until then.
#pragma once

#include <cstdint>
#include <optional>

#include "workers/supervision/roster.h"
#include "workers/supervision/seat_machine.h"
#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/turn.h"
#include "workers/supervision/workforce.h"

namespace prefork::supervision {

class Rollout {
 public:
  // All five outlive it.
  Rollout(Roster& roster, Wanted& wanted, SeatMachine& machine, Workforce& workforce, Turn& turn);

  void request(const event::Reload& order);
  // Who is stuck leaves now, where its successor has a seat, or is booting in it.
  void quarantine();
  // Takes the steps that have become possible.
  void step();
  // The server stops: nothing is replaced any more.
  void abandon();

  // The process here is ready. It takes the slot over if it was to replace another.
  void on_ready(Place at);
  // The process here could not boot; told once, before anything follows from it. `was_replacement`:
  // of one that still serves.
  void on_boot_failed(Place at, bool was_replacement, const Failure& failure);

  // A process that was ready has ended without being asked to; told before anything follows.
  void on_lost(Place at, const Failure& failure);
  // The answer to Compare.
  void on(const event::Compared& event);

  // When step() has something to do though nothing has happened; none: it has not.
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  [[nodiscard]] bool reloading() const { return reload_.has_value() || next_reload_.has_value(); }
  [[nodiscard]] bool rolling_back() const { return rollback_.has_value() && !reloading(); }
  // Processes of it may still be started.
  [[nodiscard]] bool needs(Generation generation) const;
  // The settings of a reload become everybody's only when it is committed; its own processes are
  // judged by them from the start.
  [[nodiscard]] const Settings& settings_of(Generation generation) const;

 private:
  // Of the first worker of a reload.
  enum class Soak : std::uint8_t {
    due,       // it is not ready yet
    watched,   // until `soak_ends`
    compared,  // somebody compares
    passed,
  };
  struct ReloadRun {
    event::Reload order;
    std::optional<Wanted> before;         // what was in force; none: the reload is not committed
    std::uint32_t workers_before = 0;     // that were wanted when it began
    std::uint32_t workers_committed = 0;  // and when it was committed
    Soak soak = Soak::due;
    Place soaked{};         // who is watched
    TimePoint soak_ends{};  // while it is
  };
  // Back to what is wanted, as some processes are of a generation that was given up.
  struct Rollback {
    std::uint32_t failures = 0;    // in a row
    std::optional<TimePoint> due;  // not before
  };

  [[nodiscard]] bool is_replacing() const;
  [[nodiscard]] bool has_arrived(std::uint32_t slot, Generation target) const;
  [[nodiscard]] bool has_strays(Place but) const;
  [[nodiscard]] bool is_booting(std::uint32_t slot, Generation target) const;
  [[nodiscard]] bool waits_for_observer(std::uint32_t slot) const;
  void bring_observer();
  bool bring_all(Generation target, std::uint32_t at_once);
  void bring(std::uint32_t slot, Generation target);
  [[nodiscard]] bool may_leave(Place stuck);
  void hasten(Place retiring);
  void start_reload();
  void hasten_all();
  void start_soak(Place at);
  bool step_soak();
  void commit_reload();
  void finish_reload();
  void fail_reload(Place at, const Failure& failure);
  void restore(const ReloadRun& run);
  void delay_rollback(Place at, bool was_replacement, const Failure& failure);
  bool step_rollback();
  void abort_recycle(Place old, const Failure& failure);
  void start_recycle();

  Roster& roster_;
  Wanted& wanted_;
  SeatMachine& machine_;
  Workforce& workforce_;
  Turn& turn_;
  std::optional<ReloadRun> reload_;
  std::optional<event::Reload> next_reload_;
  std::optional<Rollback> rollback_;
};

}  // namespace prefork::supervision
