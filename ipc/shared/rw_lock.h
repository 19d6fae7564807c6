// Many readers or one writer among the threads of all processes. In shared memory; all zero: free.
// A writer that waits keeps new readers out. Not recursive: a reader that reads again while a
// writer waits is waited for by the one it waits for. Any process, any thread.
//
// A reader that died changed nothing, and nobody is told. After a writer that died each reader and
// the next writer is told, until a writer has had the lock and given it back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ipc/base/atomic.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class RwLock {
 public:
  // At once; more wait.
  static constexpr std::uint32_t kMaxReaders = 128;

  struct Reading {
    Outcome outcome = Outcome::timed_out;
    std::uint32_t reader = 0;  // for stop_reading()
  };

  Reading read(const WaitName& name, std::uint64_t timeout_ns);
  Outcome stop_reading(std::uint32_t reader);
  Outcome write(const WaitName& name, std::uint64_t timeout_ns);
  Outcome stop_writing();

  // Who writes, or waits for the readers to leave.
  [[nodiscard]] ProcessKey writer() const { return ProcessKey(writer_.load()); }
  [[nodiscard]] std::uint32_t readers() const;

 private:
  // Marks of the writer's word. Without an owner: what a dead writer has left is not repaired.
  static constexpr std::uint64_t kUnrepaired = 1;
  static constexpr std::uint64_t kDraining = 2;  // it does not write yet

  [[nodiscard]] static std::uint64_t left_by_dead(std::uint64_t word) {
    return (word & kDraining) != 0 ? word & kUnrepaired : kUnrepaired;
  }
  std::optional<Reading> try_read(Look look);
  std::optional<std::uint32_t> take_place(Look look);
  Taken take_place(std::uint32_t place, Look look);
  std::optional<std::uint64_t> try_reserve(Look look);
  bool has_no_readers(Look look);

  Atomic<std::uint64_t> writer_{0};
  Atomic<std::uint32_t> hint_{0};
  // Readers have only ever been below this place, so a writer need not look further.
  Atomic<std::uint32_t> places_used_{0};
  WaitPoint waiting_;
  std::array<OwnerWord, kMaxReaders> readers_;
};

}  // namespace prefork::ipc
