// Replaces processes, one at a time: all of them by a new generation (a reload), or one at its own
// wish (a recycle). Only notes what was asked for; step() goes on when that is possible.
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
  // Takes the steps that have become possible.
  void step();
  // The server stops: nothing is replaced any more.
  void abandon();

  // The process here is ready, or was lost or is not waited for any longer. Nothing happens unless
  // it is the one that is awaited.
  void on_ready(Place at);
  void on_failed(Place at, const Failure& failure);
  // The process that was to be replaced was lost, and its replacement answers for the slot now.
  void on_succeeded(Place at);

  [[nodiscard]] bool reloading() const { return reload_.has_value() || next_reload_.has_value(); }
  // The settings of a reload become everybody's only when it is committed; its own processes are
  // judged by them from the start.
  [[nodiscard]] Duration boot_timeout(Generation generation) const;

 private:
  // The one process that is awaited as a replacement, until it is ready, lost or asked to leave.
  struct Awaited {
    Place at;
    Epoch epoch = 0;
    bool recycle = false;  // of one slot at its own wish; otherwise a step of the reload
  };
  struct ReloadRun {
    event::Reload order;
    std::uint32_t next_slot = 0;  // the slots before it are done with
    bool committed = false;       // its first process was ready: there is no way back
  };

  [[nodiscard]] bool is_awaiting() const;
  [[nodiscard]] bool awaits(Place at) const;
  void start_reload();
  bool step_reload();
  void hasten(Place retiring);
  void commit_reload();
  void finish_reload();
  void abort_recycle(Place old, const Failure& failure);
  bool start_recycle();
  void replace(Place old, Generation generation, bool recycle);

  Roster& roster_;
  Wanted& wanted_;
  SeatMachine& machine_;
  Workforce& workforce_;
  Turn& turn_;
  std::optional<Awaited> awaited_;
  std::optional<ReloadRun> reload_;
  std::optional<event::Reload> next_reload_;
};

}  // namespace prefork::supervision
