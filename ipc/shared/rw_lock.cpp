#include "ipc/shared/rw_lock.h"

#include <algorithm>

namespace prefork::ipc {

RwLock::Reading RwLock::read(const WaitName& name, std::uint64_t timeout_ns) {
  if (const auto at_once = try_read(Look::no)) {
    return *at_once;
  }
  return wait_for(waiting_, name, deadline_after(timeout_ns),
                  [this](Look look) { return try_read(look); })
      .value_or(Reading{});
}

Outcome RwLock::stop_reading(std::uint32_t reader) {
  if (reader >= kMaxReaders || !readers_[reader].release()) {
    return Outcome::not_owner;
  }
  hint_.store(reader, std::memory_order_relaxed);
  waiting_.wake_all();
  return Outcome::done;
}

Outcome RwLock::write(const WaitName& name, std::uint64_t timeout_ns) {
  const std::uint64_t deadline_ns = deadline_after(timeout_ns);
  auto reserved = try_reserve(Look::no);
  if (!reserved) {
    reserved =
        wait_for(waiting_, name, deadline_ns, [this](Look look) { return try_reserve(look); });
  }
  if (!reserved) {
    return Outcome::timed_out;
  }
  const auto drained = [this](Look look) -> std::optional<bool> {
    return has_no_readers(look) ? std::optional(true) : std::nullopt;
  };
  // Nobody else changes the word while its owner lives.
  if (has_no_readers(Look::no) || wait_for(waiting_, name, deadline_ns, drained)) {
    writer_.store(ProcessKey::own().bits());
    return (*reserved & kUnrepaired) != 0 ? Outcome::owner_died : Outcome::done;
  }
  writer_.store(*reserved & kUnrepaired);
  waiting_.wake_all();
  return Outcome::timed_out;
}

Outcome RwLock::stop_writing() {
  std::uint64_t own = ProcessKey::own().bits();
  if (!writer_.compare_exchange_strong(own, 0)) {
    return Outcome::not_owner;
  }
  waiting_.wake_all();
  return Outcome::done;
}

std::uint32_t RwLock::readers() const {
  std::uint32_t number = 0;
  for (const OwnerWord& reader : readers_) {
    number += reader.is_taken() ? 1U : 0U;
  }
  return number;
}

// A reader first takes its place and then looks for a writer; a writer first says that it is there
// and then looks for readers: one of the two sees the other.
std::optional<RwLock::Reading> RwLock::try_read(Look look) {
  std::uint64_t seen = writer_.load();
  const ProcessKey writer(seen);
  if (!writer.is_none()) {
    if (look == Look::no || writer.is_alive() ||
        !writer_.compare_exchange_strong(seen, left_by_dead(seen))) {
      return std::nullopt;
    }
  }
  const auto place = take_place(look);
  if (!place) {
    return std::nullopt;
  }
  const std::uint64_t now = writer_.load();
  if (ProcessKey(now).is_none()) {
    return Reading{now == kUnrepaired ? Outcome::owner_died : Outcome::done, *place};
  }
  readers_[*place].release();
  waiting_.wake_all();
  return std::nullopt;
}

std::optional<std::uint32_t> RwLock::take_place(Look look) {
  const std::uint32_t start = hint_.load(std::memory_order_relaxed) % kMaxReaders;
  for (std::uint32_t i = 0; i < kMaxReaders; ++i) {
    const std::uint32_t place = (start + i) % kMaxReaders;
    if (!readers_[place].is_taken() && take_place(place, Look::no) == Taken::yes) {
      return place;
    }
  }
  for (std::uint32_t place = 0; look == Look::at_owners && place < kMaxReaders; ++place) {
    if (take_place(place, look) != Taken::no) {
      return place;
    }
  }
  return std::nullopt;
}

// It is said to be used before it is: a writer that has not seen that is seen by the reader.
Taken RwLock::take_place(std::uint32_t place, Look look) {
  std::uint32_t used = places_used_.load();
  while (used <= place && !places_used_.compare_exchange_weak(used, place + 1)) {
  }
  return look == Look::no ? readers_[place].try_take() : readers_[place].take_even_from_dead();
}

// What the writer's word is then.
std::optional<std::uint64_t> RwLock::try_reserve(Look look) {
  std::uint64_t seen = writer_.load();
  const ProcessKey writer(seen);
  std::uint64_t left = seen;
  if (!writer.is_none()) {
    if (look == Look::no || writer.is_alive()) {
      return std::nullopt;
    }
    left = left_by_dead(seen);
  }
  const std::uint64_t reserved = ProcessKey::own().bits() | kDraining | left;
  return writer_.compare_exchange_strong(seen, reserved) ? std::optional(reserved) : std::nullopt;
}

bool RwLock::has_no_readers(Look look) {
  const std::uint32_t used = std::min(places_used_.load(), kMaxReaders);
  for (std::uint32_t place = 0; place < used; ++place) {
    OwnerWord& reader = readers_[place];
    if (reader.is_taken() && (look == Look::no || !reader.free_from_dead())) {
      return false;
    }
  }
  return true;
}

}  // namespace prefork::ipc
