// What is said and counted when a task process has ended within a job. By whoever finds out: each
// death is found by one, who has buried the job (JobTable::bury, retry, sweep).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/tasks/task_board.h"

namespace prefork::ipc {

// A death is told this much later if the master has not said by then how the process ended.
inline constexpr std::uint64_t kExitPatienceNs = 1'000'000'000;

struct TaskCrash {
  std::string how;           // "signal SIGSEGV"
  std::uint32_t deaths = 0;  // of the task, within the window of the PoisonList
};

TaskCrash note_crash(const TaskBoard& board, std::string_view task, ProcessKey runner,
                     std::uint32_t generation);

}  // namespace prefork::ipc
