// Who waits for what: a list in shared memory in which a thread that has to wait writes itself. For
// people to look at only; who finds no room waits all the same. The lines of processes that died
// waiting do not count and are used again. Any process, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ipc/base/atomic.h"
#include "ipc/shared/owner_word.h"

namespace prefork::ipc {

class WaitBoard {
 public:
  static constexpr std::size_t kLines = 1024;
  static constexpr std::size_t kNoLine = kLines;

  // `what` is not 0. Returns the line, or kNoLine.
  std::size_t write(std::uint32_t what);
  void wipe(std::size_t line);

  // Calls visit(what) for each thread of a living process that waits. Asks the system about each.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Line& line : lines_) {
      const std::uint32_t what = line.what.load(std::memory_order_acquire);
      if (what != 0 && line.owner.is_taken() && line.owner.owner().is_alive()) {
        visit(what);
      }
    }
  }

 private:
  static constexpr std::size_t kTries = 32;

  struct Line {
    OwnerWord owner;
    Atomic<std::uint32_t> what{0};
  };

  std::array<Line, kLines> lines_;
};

// What a primitive has to know to show who waits for it.
struct WaitName {
  WaitBoard* board = nullptr;  // null: nobody is shown
  std::uint32_t what = 0;
};

// As long as it lives, the calling thread is shown.
class ShownWaiter {
 public:
  explicit ShownWaiter(const WaitName& name)
      : board_(name.board),
        line_(name.board != nullptr ? name.board->write(name.what) : WaitBoard::kNoLine) {}
  ~ShownWaiter() {
    if (line_ != WaitBoard::kNoLine) {
      board_->wipe(line_);
    }
  }
  ShownWaiter(const ShownWaiter&) = delete;
  ShownWaiter& operator=(const ShownWaiter&) = delete;

 private:
  WaitBoard* board_;
  std::size_t line_;
};

}  // namespace prefork::ipc
