// One job in shared memory: what a worker wants a task process to do, and what came of it. Two
// words say whose it is, and each changes in one step, so that a process that is killed at any
// instruction leaves a job that somebody can go on with:
//
//   owner   who has submitted it: only this process writes the order, collects the result and
//           frees the cell. When it is dead another one takes its place; see JobTable::sweep.
//   work    what is done with it: idle, queued, running (with who runs it) or finished.
//
//     idle --> queued --> running --> finished --> idle
//                 ^----------+
//                 its runner is dead, and another attempt is allowed
//
// Only who runs a job writes its result, and nobody else touches it before that one is dead.
// All zero: nobody's. Any process, any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/base/process_key.h"

namespace prefork::ipc {

// How a job ended. The numbers are part of the application interface (prefork_job_end).
enum class JobEnd : std::uint32_t {
  none = 0,
  done = 1,
  failed = 2,     // its handler threw
  crashed = 3,    // its process ended within it
  timed_out = 4,  // its deadline has passed
  cancelled = 5,
  refused = 6,  // it was not begun: no room, too long, poisoned, unknown
  dropped = 7,  // it was not begun: the server stops
};
inline constexpr std::uint32_t kJobEnds = 8;

enum class JobPriority : std::uint32_t { high = 0, normal = 1, low = 2 };

class JobWork {
 public:
  enum class Phase : std::uint8_t { idle = 0, queued = 1, running = 2, finished = 3 };

  JobWork() = default;
  explicit JobWork(std::uint64_t bits) : bits_(bits) {}
  JobWork(Phase phase, ProcessKey runner)
      : bits_(runner.bits() | static_cast<std::uint64_t>(phase)) {}

  [[nodiscard]] Phase phase() const { return static_cast<Phase>(bits_ & ProcessKey::kMarks); }
  [[nodiscard]] ProcessKey runner() const { return ProcessKey(bits_); }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  [[nodiscard]] bool is(Phase phase) const { return this->phase() == phase; }

 private:
  std::uint64_t bits_ = 0;
};

// The name of a task in words, so that a reader never sees more than numbers.
inline constexpr std::size_t kMaxTaskNameBytes = 47;
inline constexpr std::size_t kTaskNameWords = (kMaxTaskNameBytes + 1) / sizeof(std::uint64_t);

// Written by the owner before it is queued, but for the last three.
struct alignas(64) JobCell {
  std::atomic<std::uint64_t> deadline_ns{0};
  std::atomic<std::uint32_t> generation{0};  // of the owner
  std::atomic<std::uint32_t> channel{0};     // where the owner is woken
  std::atomic<std::uint32_t> argument_bytes{0};
  std::atomic<std::uint32_t> is_detached{0};  // nobody waits: it is run though its owner is dead
  std::array<std::atomic<std::uint64_t>, kTaskNameWords> name{};
  // By who runs it.
  std::atomic<std::uint32_t> attempts{0};  // begun, this one included
  std::atomic<std::uint32_t> result_bytes{0};
  std::atomic<JobEnd> end{JobEnd::none};
};

}  // namespace prefork::ipc
