// The task processes and their jobs at one moment, as plain values for /stats. Nothing on the board
// is believed to be more than numbers and a name to be shown. Any process that has it mapped; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/segment.h"
#include "ipc/tasks/task_board.h"

namespace prefork::observer {

struct TaskProcessSnapshot {
  std::uint32_t slot = 0;
  std::int32_t pid = 0;
  std::uint32_t generation = 0;
  ipc::ProcessState state = ipc::ProcessState::vacant;
  std::uint64_t forked_realtime_ns = 0;
  std::string current;  // the task that runs; empty: none does
  std::uint32_t restarts = 0;
  ipc::LastExit last_exit;  // of the seat
  // Of the slot, since the server was started.
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t crashed = 0;
};

struct TaskSnapshot {
  std::uint32_t room = 0;  // for jobs; 0: there are no task processes
  std::uint64_t queued = 0;
  std::uint64_t running = 0;
  std::uint64_t finished = 0;                  // and not collected yet
  std::vector<TaskProcessSnapshot> processes;  // each slot once, twice while it is replaced
};

TaskSnapshot look_at_tasks(ipc::TaskBoard& board);

}  // namespace prefork::observer
