// Lines on their way from a process to its log, in shared memory, so that those which a killed
// process has left can still be written. One producer appends whole lines and never waits; one
// reader takes them. They may be threads of different processes, each with a mapping of its own.
//
// The bytes are mapped twice, one behind the other, so that what lies across the end of the ring is
// in one piece for both. A line is there once `end` says so: one that was cut off by a death is
// not. Nobody who reads trusts the positions further than to the size of the ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/atomic.h"
#include "ipc/base/owned_fd.h"
#include "ipc/log/line_sink.h"

namespace prefork::ipc {

class LineRing {
 public:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  // The largest page that Linux maps by itself.
  static constexpr std::size_t kHeadBytes = std::size_t{64} << 10;
  static constexpr std::size_t kMemoryBytes = kHeadBytes + kBytes;
  static constexpr std::size_t kMaxTargetBytes = 4096;  // PATH_MAX, with its end
  static constexpr std::uint64_t kEverything = ~std::uint64_t{0};
  // What of the head is in use: so that programs can tell whether they agree.
  static constexpr std::size_t head_bytes() { return sizeof(Head); }

  // The one that begins at `offset` of the memory, a multiple of kMemoryBytes. Zero is its initial
  // state. The descriptor is not needed longer. Throws std::system_error.
  LineRing(const OwnedFd& memory, std::size_t offset);
  ~LineRing();
  LineRing(const LineRing&) = delete;
  LineRing& operator=(const LineRing&) = delete;

  // Whether there is nothing in the one that begins there; also where that cannot be told.
  static bool is_empty(const OwnedFd& memory, std::size_t offset);

  // --- the producer ---
  // False: there is no room for it.
  bool push(std::string_view line);
  // The path that its lines are for, so that others can write them there. A longer one is kept as
  // none.
  void set_target(std::string_view path);

  // --- the reader ---
  // What is there, whole lines, at most up to the position `until` (see end()). They stay where
  // they are until they are popped.
  std::string_view lines(std::uint64_t until = kEverything);
  void pop(std::size_t bytes);
  [[nodiscard]] std::string target() const;
  // What it is about to write to a file, from the first line that is there on: for the next reader,
  // in case that this one does not come to pop it.
  struct Begun {
    std::uint64_t bytes = 0;
    LineSink::File file;  // as it was before
  };
  void note_begun(const Begun& begun);
  // By the last reader, and not popped.
  [[nodiscard]] std::optional<Begun> begun() const;
  // When it is empty and nothing is being pushed: the system has its memory back, until the next
  // push.
  void give_back();

  // --- both ---
  // Bytes that were ever pushed.
  [[nodiscard]] std::uint64_t end() const { return head_->end.load(); }
  // Of these: not popped yet.
  [[nodiscard]] std::size_t size() const { return head_->end.load() - head_->begin.load(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  struct Head {
    alignas(64) Atomic<std::uint64_t> end;    // the producer's
    alignas(64) Atomic<std::uint64_t> begin;  // the reader's, as are those that follow
    Atomic<std::uint64_t> begun_end;  // up to where it writes; not behind `begin`: it does not
    Atomic<std::uint64_t> file_device;
    Atomic<std::uint64_t> file_inode;
    Atomic<std::uint64_t> file_size;
    alignas(64) std::array<char, kMaxTargetBytes> target;
  };
  static_assert(sizeof(Head) <= kHeadBytes);

  Head* head_ = nullptr;
  char* data_ = nullptr;
  std::uint64_t begin_seen_ = 0;  // by the producer
};

}  // namespace prefork::ipc
