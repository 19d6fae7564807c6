// The parts of a supervisor by themselves: two workers of three possible ones, all wanted.
#pragma once

#include <chrono>

#include "tests/unit/workers/supervision/supervisor_harness.h"
#include "workers/supervision/rollout.h"
#include "workers/supervision/roster.h"
#include "workers/supervision/seat_machine.h"
#include "workers/supervision/workforce.h"

namespace prefork::supervision {

struct Parts {
  Parts() {
    turn.now = TimePoint{1000s};
    for (std::uint32_t slot = 0; slot < wanted.workers; ++slot) {
      roster.slots()[slot].want = Want::run;
    }
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  // What was ordered since the last call.
  Transcript orders() { return describe(std::exchange(turn.actions, {})); }

  void start(Place at) {
    machine.spawn(at, Part::current, wanted.generation, wanted.settings);
    machine.feed(at, Input::forked, {.pid = static_cast<Pid>(100 + at.slot * 10 + at.seat)});
  }
  void serve(Place at) {
    start(at);
    machine.feed(at, Input::ready, {});
    orders();
  }

  Roster roster{3};
  Wanted wanted{Harness::settings(), 1, 2};
  Turn turn;
  SeatMachine machine{roster, wanted, turn};
  Workforce workforce{roster, wanted, machine, turn};
  Rollout rollout{roster, wanted, machine, workforce, turn};
};

}  // namespace prefork::supervision
