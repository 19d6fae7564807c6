#include "ipc/shared/topic.h"

#include <algorithm>
#include <cstring>

namespace prefork::ipc {

// As in SeqlockBox: a reader that sees a new word also sees the sequence that was stored before.
Outcome Topic::publish(std::span<const std::byte> piece) const {
  if (state_->publishing.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return Outcome::timed_out;
  }
  const std::uint64_t number = state_->published.load();
  Cell& to = cell(number);
  to.sequence.store(0, std::memory_order_relaxed);
  to.size.store(piece.size(), std::memory_order_release);
  Word* const room = words(to);
  for (std::size_t at = 0; at < piece.size(); at += sizeof(Word)) {
    std::uint64_t word = 0;
    std::memcpy(&word, piece.data() + at, std::min(sizeof word, piece.size() - at));
    room[at / sizeof(Word)].store(word, std::memory_order_release);
  }
  to.sequence.store(number + 1, std::memory_order_release);
  state_->published.store(number + 1);
  state_->publishing.unlock();
  return Outcome::done;
}

bool Topic::read(Cursor& cursor, std::string& piece) const {
  for (;;) {
    const std::uint64_t end = published();
    if (cursor.next >= end) {
      cursor.next = end;  // it is never more, unless somebody has written nonsense
      return false;
    }
    std::uint64_t lost = 0;
    if (end - cursor.next > shape_.cells) {
      lost = end - cursor.next - shape_.cells;
      cursor.next += lost;
    }
    const bool is_whole = copy(cursor.next++, piece);
    lost += is_whole ? 0 : 1;  // overwritten meanwhile
    if (lost != 0) {
      cursor.lost += lost;
      state_->lost.fetch_add(lost);
    }
    if (is_whole) {
      return true;
    }
  }
}

bool Topic::copy(std::uint64_t number, std::string& piece) const {
  Cell& from = cell(number);
  if (from.sequence.load(std::memory_order_acquire) != number + 1) {
    return false;
  }
  const std::uint64_t size =
      std::min<std::uint64_t>(from.size.load(std::memory_order_acquire), shape_.cell_bytes);
  piece.resize(size);
  const Word* const room = words(from);
  for (std::size_t at = 0; at < size; at += sizeof(Word)) {
    const std::uint64_t word = room[at / sizeof(Word)].load(std::memory_order_acquire);
    std::memcpy(piece.data() + at, &word, std::min(sizeof word, size - at));
  }
  return from.sequence.load(std::memory_order_relaxed) == number + 1;
}

}  // namespace prefork::ipc
