#include "ipc/shared/wait_board.h"

#include <functional>
#include <thread>

namespace prefork::ipc {

std::size_t WaitBoard::write(std::uint32_t what) {
  const std::size_t start = std::hash<std::thread::id>{}(std::this_thread::get_id());
  // First the free ones: to ask about an owner takes its time.
  for (const bool from_dead : {false, true}) {
    for (std::size_t i = 0; i < kTries; ++i) {
      const std::size_t at = (start + i) % kLines;
      OwnerWord& owner = lines_[at].owner;
      if ((from_dead ? owner.take_even_from_dead() : owner.try_take()) != Taken::no) {
        lines_[at].what.store(what, std::memory_order_release);
        return at;
      }
    }
  }
  return kNoLine;
}

void WaitBoard::wipe(std::size_t line) {
  lines_[line].what.store(0, std::memory_order_release);
  lines_[line].owner.release();
}

}  // namespace prefork::ipc
