#include "workers/observer/task_snapshot.h"

#include "ipc/tasks/job_table.h"

namespace prefork::observer {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// What it shows to people: no more than a name may hold.
std::string shown(std::string name) {
  for (char& c : name) {
    c = c > ' ' && c < '\x7f' ? c : '?';
  }
  return name;
}

TaskProcessSnapshot look_at_process(const ipc::TaskBoard& board, const ipc::JobTable& jobs,
                                    ipc::Place at) {
  const ipc::TaskRecord& record = board.record(at);
  const ipc::TaskSlotNotes& notes = board.notes(at.slot);
  TaskProcessSnapshot process;
  process.slot = at.slot;
  process.pid = record.pid.load(kRelaxed);
  process.generation = record.generation.load(kRelaxed);
  process.state = record.state.load(kRelaxed);
  process.forked_realtime_ns = record.forked_realtime_ns.load(kRelaxed);
  if (const auto job = jobs.running_by(process.pid)) {
    process.current = shown(jobs.task_of(*job));
  }
  process.restarts = notes.restarts.load(kRelaxed);
  process.last_exit = record.last_exit.get();
  process.done = notes.done.load(kRelaxed);
  process.failed = notes.failed.load(kRelaxed);
  process.crashed = notes.crashed.load(kRelaxed);
  return process;
}

}  // namespace

TaskSnapshot look_at_tasks(ipc::TaskBoard& board) {
  const ipc::JobTable jobs(board);
  TaskSnapshot snapshot;
  snapshot.room = board.shape().jobs;
  snapshot.queued = jobs.count(ipc::JobWork::Phase::queued);
  snapshot.running = jobs.count(ipc::JobWork::Phase::running);
  snapshot.finished = jobs.count(ipc::JobWork::Phase::finished);
  for (std::uint32_t slot = 0; slot < board.shape().slots; ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ipc::Place at{slot, seat};
      if (board.record(at).state.load(kRelaxed) != ipc::ProcessState::vacant) {
        snapshot.processes.push_back(look_at_process(board, jobs, at));
      }
    }
  }
  return snapshot;
}

}  // namespace prefork::observer
