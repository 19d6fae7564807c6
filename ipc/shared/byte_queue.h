// A bounded queue of pieces of bytes, first in first out, with many writers and many readers among
// the threads of all processes. Writers exclude each other, and so do readers, for the time of one
// copy. What is put in or taken out counts from one store on: a process killed before has changed
// nothing, after it everything. So a piece is delivered at most once; who dies with one in hand has
// had it. Any process, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ipc/base/atomic.h"
#include "ipc/shared/mutex.h"

namespace prefork::ipc {

// In shared memory, in front of the cells; all zero: empty.
struct QueueState {
  alignas(64) Mutex writing;
  Atomic<std::uint64_t> pushed{0};
  WaitPoint has_pieces;
  alignas(64) Mutex reading;
  Atomic<std::uint64_t> popped{0};
  WaitPoint has_room;
};

// A process's view. The sizes are its own: what others write is not believed.
class ByteQueue {
 public:
  struct Shape {
    std::uint32_t cells = 1;
    std::uint32_t cell_bytes = 1;  // the longest piece
  };
  struct Popped {
    Outcome outcome = Outcome::timed_out;
    std::uint32_t size = 0;
  };

  // Of the memory behind the state.
  static std::size_t bytes_for(const Shape& shape) { return shape.cells * stride_of(shape); }

  ByteQueue(QueueState& state, std::byte* cells, const Shape& shape)
      : state_(&state), cells_(cells), shape_(shape) {}

  // `done` or `timed_out`: full, or, with 0 ns too, another writer took longer than 2 ms. `piece`
  // is at most as long as a cell.
  Outcome push(const WaitName& name, std::span<const std::byte> piece, std::uint64_t timeout_ns);
  // Into `room`, which is as long as a cell. `done` or `timed_out`, as above.
  Popped pop(const WaitName& name, std::span<std::byte> room, std::uint64_t timeout_ns);

  [[nodiscard]] std::uint64_t depth() const;

 private:
  using Size = std::uint32_t;

  [[nodiscard]] static std::size_t stride_of(const Shape& shape) {
    return (sizeof(Size) + shape.cell_bytes + alignof(Size) - 1) / alignof(Size) * alignof(Size);
  }
  [[nodiscard]] std::byte* cell(std::uint64_t number) const {
    return cells_ + number % shape_.cells * stride_of(shape_);
  }
  bool try_push(std::span<const std::byte> piece);
  bool try_pop(std::span<std::byte> room, std::uint32_t& size);

  QueueState* state_;
  std::byte* cells_;
  Shape shape_;
};

}  // namespace prefork::ipc
