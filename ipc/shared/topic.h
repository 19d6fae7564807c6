// The last pieces that anybody has published, for readers in all processes: each has a place of its
// own in the order of publication, and each that keeps up gets every piece. Nobody waits for a
// reader: who is slower than the ring is long loses the oldest, and is told how many. Publishers
// exclude each other for the time of one copy. A piece counts from one store on, so a publisher
// that is killed before has published nothing. Any process, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "ipc/base/atomic.h"
#include "ipc/shared/mutex.h"

namespace prefork::ipc {

// In shared memory, in front of the cells; all zero: nothing was published.
struct TopicState {
  alignas(64) Mutex publishing;
  Atomic<std::uint64_t> published{0};  // the number of the next piece
  Atomic<std::uint64_t> lost{0};       // of all readers
};

// A process's view. The sizes are its own: what others write is not believed.
class Topic {
 public:
  struct Shape {
    std::uint32_t cells = 1;
    std::uint32_t cell_bytes = 1;  // the longest piece
  };

  // Of the memory behind the state.
  static std::size_t bytes_for(const Shape& shape) { return shape.cells * stride_of(shape); }

  Topic(TopicState& state, std::byte* cells, const Shape& shape)
      : state_(&state), cells_(cells), shape_(shape) {}

  // `piece` is at most as long as a cell. `done`, or `timed_out`: another publisher took longer
  // than 2 ms, and nothing was published.
  Outcome publish(std::span<const std::byte> piece) const;
  [[nodiscard]] std::uint64_t published() const { return state_->published.load(); }

  // Where a reader is. From now on: {published()}.
  struct Cursor {
    std::uint64_t next = 0;
    std::uint64_t lost = 0;  // since it was looked at, which is the reader's to clear
  };
  // The next piece, after which the cursor stands. False: there is none yet.
  bool read(Cursor& cursor, std::string& piece) const;

 private:
  struct Cell {
    // The piece's number plus 1; 0: it is being written.
    Atomic<std::uint64_t> sequence{0};
    Atomic<std::uint64_t> size{0};
  };
  using Word = Atomic<std::uint64_t>;

  [[nodiscard]] static std::size_t stride_of(const Shape& shape) {
    return sizeof(Cell) + (shape.cell_bytes + sizeof(Word) - 1) / sizeof(Word) * sizeof(Word);
  }
  [[nodiscard]] Cell& cell(std::uint64_t number) const {
    return *reinterpret_cast<Cell*>(cells_ + number % shape_.cells * stride_of(shape_));
  }
  [[nodiscard]] static Word* words(Cell& cell) { return reinterpret_cast<Word*>(&cell + 1); }
  [[nodiscard]] bool copy(std::uint64_t number, std::string& piece) const;

  TopicState* state_;
  std::byte* cells_;
  Shape shape_;
};

}  // namespace prefork::ipc
