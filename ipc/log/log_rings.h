// The lines of the access log that workers have not written yet: a ring for each seat of each slot
// in one piece of memory, which the master makes before the first process that has such a log.
// Memory is given out when first touched. A process maps what it needs of it; the master nothing
// but the list of readers, into which it never looks.
//
// A ring's reader is a process that says so in the list: the one of the seat itself, and once that
// is dead the observer or the seat's next process, whoever comes first. Each line is written once,
// also when its reader is killed while it writes: the next one looks into the file what is there of
// the last block. Only a pipe or a socket does not tell: there the last block, at most 4 KiB, is
// written again, and so it is where the file was rotated meanwhile. Any process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/log/line_ring.h"
#include "ipc/shared/owner_word.h"

namespace prefork::ipc {

class LogRings {
 public:
  // Of so many slots. Both throw std::exception; the second one where the memory is no such thing.
  explicit LogRings(std::uint32_t slots);
  LogRings(OwnedFd memory, std::uint32_t slots);
  ~LogRings();
  LogRings(const LogRings&) = delete;
  LogRings& operator=(const LogRings&) = delete;

  // Of one slot: so that programs can tell whether they agree.
  static constexpr std::size_t slot_bytes() { return kSeatsPerSlot * LineRing::kMemoryBytes; }
  static std::size_t directory_bytes();

  // The memory behind it.
  [[nodiscard]] int fd() const { return memory_.get(); }
  [[nodiscard]] std::uint32_t slots() const { return slots_; }

  // Aborts where there is no such place, as open() does.
  [[nodiscard]] OwnerWord& reader(Place at) const;
  // See LineSink: of all who write these lines.
  [[nodiscard]] std::atomic<bool>& torn_mark() const;

  // Lines of processes that have ended, which could not be written. The observer's to add to.
  [[nodiscard]] std::atomic<std::uint64_t>& lost() const;

  // Throws std::system_error.
  [[nodiscard]] std::unique_ptr<LineRing> open(Place at) const;
  // Whether there is nothing in the ring, without the mapping of it.
  [[nodiscard]] bool is_empty(Place at) const;

 private:
  struct Directory;

  [[nodiscard]] std::size_t number_of(Place at) const;
  [[nodiscard]] std::size_t offset_of(Place at) const;
  void map();

  OwnedFd memory_;
  std::uint32_t slots_;
  Directory* directory_ = nullptr;
};

}  // namespace prefork::ipc
