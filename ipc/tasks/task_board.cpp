#include "ipc/tasks/task_board.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <stdexcept>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr std::size_t kPage = 4096;
// What stays in memory for the next job: to give it back takes a system call and page faults.
constexpr std::size_t kKeptBytes = 64 * kPage;

using Word = std::atomic<std::uint64_t>;
constexpr std::size_t kWordArrays = 3;

constexpr const char* kWhat = "the jobs of task processes";

std::size_t rounded_up(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace

struct TaskBoard::Head {
  alignas(64) Word next_ticket;
  alignas(64) std::array<WaitPoint, kChannels> channels;
  PoisonList poison;
  std::array<TaskSlotNotes, kMaxTaskSlots> notes;
  std::array<TaskRecord, std::size_t{kMaxTaskSlots} * kSeatsPerSlot> records;
};

TaskBoard::TaskBoard(const Shape& shape) : shape_(shape) {
  PREFORK_CHECK(shape.slots >= 1 && shape.slots <= kMaxTaskSlots && shape.jobs >= 1);
  size_ = rooms_offset() + 2 * room_bytes() * shape_.jobs;
  memory_ = make_shared_memory("prefork-tasks", size_, kWhat);
  map();
}

TaskBoard::TaskBoard(const Shape& shape, OwnedFd memory)
    : shape_(shape), memory_(std::move(memory)) {
  struct stat about {};
  size_ = rooms_offset() + 2 * room_bytes() * shape_.jobs;
  if (shape.slots < 1 || shape.slots > kMaxTaskSlots || shape.jobs < 1 ||
      ::fstat(memory_.get(), &about) != 0 || std::cmp_not_equal(about.st_size, size_)) {
    throw std::runtime_error("the jobs of task processes are of another shape");
  }
  map();
}

void TaskBoard::map() {
  void* const base = map_shared_memory(memory_, size_, kWhat);
  static_cast<void>(::madvise(base, size_, MADV_DONTDUMP));
  // Zero is the initial value of everything in it.
  base_ = static_cast<std::byte*>(base);
}

TaskBoard::~TaskBoard() { ::munmap(base_, size_); }

void TaskBoard::make_read_only() {
  if (::mprotect(base_, size_, PROT_READ) != 0) {
    throw_errno("mprotect of the jobs of task processes");
  }
}

std::size_t TaskBoard::room_bytes() const { return rounded_up(shape_.bytes, kPage); }

std::size_t TaskBoard::rooms_offset() const {
  const std::size_t words = rounded_up(kWordArrays * shape_.jobs * sizeof(Word), alignof(JobCell));
  return rounded_up(sizeof(Head) + words + shape_.jobs * sizeof(JobCell), kPage);
}

std::byte* TaskBoard::words() const { return base_ + sizeof(Head); }

TaskRecord& TaskBoard::record(Place at) const {
  PREFORK_CHECK(at.slot < shape_.slots && at.seat < kSeatsPerSlot);
  return reinterpret_cast<Head*>(base_)->records[std::size_t{at.slot} * kSeatsPerSlot + at.seat];
}

TaskSlotNotes& TaskBoard::notes(std::uint32_t slot) const {
  PREFORK_CHECK(slot < shape_.slots);
  return reinterpret_cast<Head*>(base_)->notes[slot];
}

PoisonList& TaskBoard::poison() const { return reinterpret_cast<Head*>(base_)->poison; }

WaitPoint* TaskBoard::channel(std::uint32_t number) const {
  return number < kChannels ? &reinterpret_cast<Head*>(base_)->channels[number] : nullptr;
}

void TaskBoard::wake_submitters() const {
  for (WaitPoint& channel : reinterpret_cast<Head*>(base_)->channels) {
    channel.wake_all();
  }
}

std::optional<Place> TaskBoard::place_of(std::int32_t pid) const {
  for (std::uint32_t slot = 0; slot < shape_.slots; ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      if (pid > 0 && record({slot, seat}).pid.load(std::memory_order_relaxed) == pid) {
        return Place{slot, seat};
      }
    }
  }
  return std::nullopt;
}

std::optional<LastExit> TaskBoard::exit_of(ProcessKey process) const {
  for (std::uint32_t slot = 0; slot < shape_.slots; ++slot) {
    for (std::uint32_t seat = 0; seat < kSeatsPerSlot; ++seat) {
      const LastExit exit = record({slot, seat}).last_exit.get();
      if (exit.kind != LastExit::Kind::none && exit.pid == process.pid()) {
        return exit;
      }
    }
  }
  return std::nullopt;
}

std::atomic<std::uint64_t>& TaskBoard::next_ticket() const {
  return reinterpret_cast<Head*>(base_)->next_ticket;
}

std::span<std::atomic<std::uint64_t>> TaskBoard::works() const {
  return {reinterpret_cast<Word*>(words()), shape_.jobs};
}

std::span<std::atomic<std::uint64_t>> TaskBoard::tickets() const {
  return {reinterpret_cast<Word*>(words()) + shape_.jobs, shape_.jobs};
}

std::span<std::atomic<std::uint64_t>> TaskBoard::owners() const {
  return {reinterpret_cast<Word*>(words()) + std::size_t{2} * shape_.jobs, shape_.jobs};
}

JobCell& TaskBoard::cell(std::uint32_t job) const {
  PREFORK_CHECK(job < shape_.jobs);
  const std::size_t size = kWordArrays * shape_.jobs * sizeof(Word);
  return reinterpret_cast<JobCell*>(words() + rounded_up(size, alignof(JobCell)))[job];
}

std::byte* TaskBoard::argument(std::uint32_t job) const {
  PREFORK_CHECK(job < shape_.jobs);
  return base_ + rooms_offset() + 2 * room_bytes() * job;
}

std::byte* TaskBoard::result(std::uint32_t job) const { return argument(job) + room_bytes(); }

void TaskBoard::trim(std::uint32_t job, std::size_t argument_bytes,
                     std::size_t result_bytes) const {
  if (argument_bytes > kKeptBytes) {
    static_cast<void>(::madvise(argument(job), room_bytes(), MADV_REMOVE));
  }
  if (result_bytes > kKeptBytes) {
    static_cast<void>(::madvise(result(job), room_bytes(), MADV_REMOVE));
  }
}

}  // namespace prefork::ipc
