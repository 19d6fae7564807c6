#include "ipc/tasks/task_crash.h"

#include "ipc/base/monotonic.h"
#include "ipc/base/signal_name.h"

namespace prefork::ipc {

namespace {

std::string describe(const std::optional<LastExit>& exit) {
  if (!exit) {
    return "nobody knows how";
  }
  if (exit->kind == LastExit::Kind::code) {
    return "exit code " + std::to_string(exit->number);
  }
  return "signal " + signal_name(exit->number);
}

}  // namespace

TaskCrash note_crash(const TaskBoard& board, std::string_view task, ProcessKey runner,
                     std::uint32_t generation) {
  for (std::uint32_t slot = 0; slot < board.shape().slots; ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      if (board.record({slot, seat}).last_exit.get().pid == runner.pid()) {
        board.notes(slot).crashed.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
  const std::uint32_t deaths = board.poison().count_death(task, generation, monotonic_ns());
  return {describe(board.exit_of(runner)), deaths};
}

}  // namespace prefork::ipc
