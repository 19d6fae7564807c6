#include "ipc/shared/byte_queue.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace prefork::ipc {

Outcome ByteQueue::push(const WaitName& name, std::span<const std::byte> piece,
                        std::uint64_t timeout_ns) {
  if (try_push(piece)) {
    return Outcome::done;
  }
  const auto attempt = [&](Look) -> std::optional<Outcome> {
    return try_push(piece) ? std::optional(Outcome::done) : std::nullopt;
  };
  if (timeout_ns == 0) {
    return Outcome::timed_out;
  }
  const auto pushed = wait_for(state_->has_room, name, deadline_after(timeout_ns), attempt);
  // There may be room for others, of several pieces that were taken out while it woke up.
  state_->has_room.wake_one();
  return pushed.value_or(Outcome::timed_out);
}

ByteQueue::Popped ByteQueue::pop(const WaitName& name, std::span<std::byte> room,
                                 std::uint64_t timeout_ns) {
  Popped popped;
  const auto attempt = [&](Look) -> std::optional<Outcome> {
    return try_pop(room, popped.size) ? std::optional(Outcome::done) : std::nullopt;
  };
  if (try_pop(room, popped.size)) {
    popped.outcome = Outcome::done;
  } else if (timeout_ns != 0) {
    popped.outcome = wait_for(state_->has_pieces, name, deadline_after(timeout_ns), attempt)
                         .value_or(Outcome::timed_out);
    state_->has_pieces.wake_one();  // as above
  }
  return popped;
}

std::uint64_t ByteQueue::depth() const {
  const std::uint64_t popped = state_->popped.load();
  const std::uint64_t pushed = state_->pushed.load();
  return pushed - popped <= shape_.cells ? pushed - popped : 0;
}

bool ByteQueue::try_push(std::span<const std::byte> piece) {
  const auto has_room = [this] {
    return state_->pushed.load() - state_->popped.load() < shape_.cells;
  };
  if (!has_room() || state_->writing.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return false;
  }
  const bool fits = has_room();
  if (fits) {
    const std::uint64_t number = state_->pushed.load();
    const auto size = static_cast<Size>(piece.size());
    std::byte* const to = cell(number);
    std::memcpy(to, &size, sizeof size);
    std::copy(piece.begin(), piece.end(), to + sizeof size);
    state_->pushed.store(number + 1);
  }
  state_->writing.unlock();
  if (fits) {
    state_->has_pieces.wake_one();
  }
  return fits;
}

bool ByteQueue::try_pop(std::span<std::byte> room, std::uint32_t& size) {
  const auto has_pieces = [this] { return state_->pushed.load() != state_->popped.load(); };
  if (!has_pieces() || state_->reading.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return false;
  }
  const bool found = has_pieces();
  if (found) {
    const std::uint64_t number = state_->popped.load();
    const std::byte* const from = cell(number);
    Size said = 0;
    std::memcpy(&said, from, sizeof said);
    size = std::min(said, shape_.cell_bytes);
    std::copy_n(from + sizeof said, size, room.begin());
    state_->popped.store(number + 1);
  }
  state_->reading.unlock();
  if (found) {
    state_->has_room.wake_one();
  }
  return found;
}

}  // namespace prefork::ipc
