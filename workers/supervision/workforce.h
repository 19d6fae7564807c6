// How many workers are wanted, and that each wanted slot has somebody who answers for it.
#pragma once

#include <cstdint>

#include "workers/supervision/roster.h"
#include "workers/supervision/seat_machine.h"
#include "workers/supervision/turn.h"

namespace prefork::supervision {

class Workforce {
 public:
  // All four outlive it.
  Workforce(Roster& roster, Wanted& wanted, SeatMachine& machine, Turn& turn);

  // One more or one fewer; a notice says when that is not possible.
  void add();
  void remove();
  // At least one, at most the capacity; a notice says when more were asked for.
  void resize(std::uint32_t workers);

  // Spawns in wanted slots of workers and task processes that nobody answers for.
  void fill_all();
  void fill(std::uint32_t slot);

 private:
  void open_slot();
  void close_slot();

  Roster& roster_;
  Wanted& wanted_;
  SeatMachine& machine_;
  Turn& turn_;
};

}  // namespace prefork::supervision
