// What workers and task processes share: the jobs, where each process sleeps until there is
// something for it, and what is known of each task process. One shared mapping of a fixed size,
// made by the master before the first fork; it outlives all of them and every reload.
//
// A task process runs what the workers want computed, so that it takes neither an event loop nor a
// thread of a pool, and so that what crashes costs one such process and not a worker with its
// connections. A job (see JobCell) goes from a worker to whichever task process is free, and its
// result comes back to that worker. Both sides find jobs in one table by looking at all of them:
// there is no list that could be left half-linked, and the words that are looked at lie together.
//
// The master writes here what it knows of the processes (pid, state, how one ended) and reads
// nothing. All others believe nothing they read: sizes are cut to the room there is, and no number
// is an index before it was compared.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/segment.h"
#include "ipc/shared/wait_point.h"
#include "ipc/tasks/job_cell.h"
#include "ipc/tasks/poison_list.h"

namespace prefork::ipc {

inline constexpr std::uint32_t kMaxTaskSlots = 64;

// A task process, by its seat. Written by the master but for the wait point.
struct alignas(64) TaskRecord {
  std::atomic<std::int32_t> pid{0};
  std::atomic<std::uint32_t> generation{0};
  std::atomic<ProcessState> state{ProcessState::vacant};
  std::atomic<std::uint64_t> forked_realtime_ns{0};
  LastExitBox last_exit;  // of the last process here; stays when another one follows
  WaitPoint idle;         // where the process waits for a job
};

// What outlives the processes of a slot. Numbers by whoever has to do with a job, restarts by the
// master.
struct alignas(64) TaskSlotNotes {
  std::atomic<std::uint32_t> restarts{0};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> crashed{0};
};

class TaskBoard {
 public:
  struct Shape {
    std::uint32_t slots = 1;  // of task processes, 1 to kMaxTaskSlots
    std::uint32_t jobs = 1;   // there is room for
    std::size_t bytes = 1;    // the longest argument, and the longest result
  };
  // Where a worker is woken: one for each seat of each slot of the segment.
  static constexpr std::uint32_t kChannels = kMaxSlots * kSeatsPerSlot;

  // In the master. Throws std::system_error.
  explicit TaskBoard(const Shape& shape);
  // In a process that has the memory but not the mapping. Throws std::runtime_error when it is not
  // that of such a board.
  TaskBoard(const Shape& shape, OwnedFd memory);
  ~TaskBoard();
  TaskBoard(const TaskBoard&) = delete;
  TaskBoard& operator=(const TaskBoard&) = delete;
  // In the observer: it cannot write any more. Throws std::system_error.
  void make_read_only();

  // The memory behind the mapping. Whoever needs the mapping alone may close it.
  [[nodiscard]] int fd() const { return memory_.get(); }
  void close_memory() { memory_.reset(); }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] TaskRecord& record(Place at) const;
  [[nodiscard]] TaskSlotNotes& notes(std::uint32_t slot) const;
  [[nodiscard]] PoisonList& poison() const;
  // Null: there is no such channel.
  [[nodiscard]] WaitPoint* channel(std::uint32_t number) const;
  static constexpr std::uint32_t channel_of(Place worker) {
    return worker.slot * kSeatsPerSlot + worker.seat;
  }

  // By the master, when a task process has ended: whoever waits for one looks again.
  void wake_submitters() const;
  // How the process ended, once the master has said so.
  [[nodiscard]] std::optional<LastExit> exit_of(ProcessKey process) const;
  [[nodiscard]] std::optional<Place> place_of(std::int32_t pid) const;

  // Of the jobs, for JobTable.
  [[nodiscard]] std::atomic<std::uint64_t>& next_ticket() const;
  [[nodiscard]] std::span<std::atomic<std::uint64_t>> works() const;
  [[nodiscard]] std::span<std::atomic<std::uint64_t>> tickets() const;
  [[nodiscard]] std::span<std::atomic<std::uint64_t>> owners() const;
  [[nodiscard]] JobCell& cell(std::uint32_t job) const;
  [[nodiscard]] std::byte* argument(std::uint32_t job) const;
  [[nodiscard]] std::byte* result(std::uint32_t job) const;
  // Gives the memory of a job's argument and result back to the system, if it was much.
  void trim(std::uint32_t job, std::size_t argument_bytes, std::size_t result_bytes) const;

 private:
  struct Head;

  [[nodiscard]] std::size_t room_bytes() const;
  [[nodiscard]] std::size_t rooms_offset() const;
  [[nodiscard]] std::byte* words() const;

  void map();

  Shape shape_;
  OwnedFd memory_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace prefork::ipc
