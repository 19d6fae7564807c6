// How many workers are wanted, and that each wanted slot has somebody who answers for it.
#pragma once

#include <cstdint>

#include "workers/supervision/roster.h"
#include "workers/supervision/seat_machine.h"
#include "workers/supervision/supervisor_messages.h"
#include "workers/supervision/turn.h"

namespace prefork::supervision {

class Workforce {
 public:
  // All four outlive it.
  Workforce(Roster& roster, Wanted& wanted, SeatMachine& machine, Turn& turn);

  // What an operator wants; a notice says when that is not possible. A slot that is not wanted is
  // nobody's.
  void on(const event::AddWorker& order);
  void on(const event::RemoveWorker& order);
  void on(const event::SetWorkers& order);
  void on(const event::RestartSlot& order);
  void on(const event::DrainSlot& order);
  // At least one, at most the capacity; a notice says when more were asked for.
  void resize(std::uint32_t workers);

  // Spawns in wanted slots of workers and task processes that nobody answers for.
  void fill_all();
  void fill(std::uint32_t slot);

 private:
  void open_slot();
  void close_slot();
  void run(std::uint32_t slot);
  void empty(std::uint32_t slot);
  void set_count(std::uint32_t workers);
  [[nodiscard]] bool runs_beside(std::uint32_t slot) const;

  Roster& roster_;
  Wanted& wanted_;
  SeatMachine& machine_;
  Turn& turn_;
};

}  // namespace prefork::supervision
