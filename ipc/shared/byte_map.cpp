#include "ipc/shared/byte_map.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace prefork::ipc {

namespace {

// A slot's word: what it is, which of its two values counts, and its version.
//   never used  a search ends here
//   erased      a search goes on; free for a new key
//   in use
constexpr std::uint64_t kNeverUsed = 0;
constexpr std::uint64_t kErased = 1;
constexpr std::uint64_t kInUse = 2;
constexpr std::uint64_t kUse = 3;
constexpr unsigned kSideBit = 2;
constexpr unsigned kVersionBit = 3;

std::uint64_t use_of(std::uint64_t word) { return word & kUse; }
std::size_t side_of(std::uint64_t word) { return word >> kSideBit & 1U; }
std::uint64_t version_of(std::uint64_t word) { return word >> kVersionBit; }
std::uint64_t in_use(std::uint64_t version, std::size_t side) {
  return version << kVersionBit | std::uint64_t{side} << kSideBit | kInUse;
}

// Like SeqlockBox: words stored with release and loaded with acquire, so that who sees a new one
// sees what was stored before it, also the slot's word.
void store_bytes(std::span<Atomic<std::uint64_t>> words, std::string_view bytes) {
  for (std::size_t i = 0; i * sizeof(std::uint64_t) < bytes.size(); ++i) {
    const std::string_view part = bytes.substr(i * sizeof(std::uint64_t), sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, part.data(), part.size());
    words[i].store(word, std::memory_order_release);
  }
}

void load_bytes(std::span<const Atomic<std::uint64_t>> words, std::size_t size, char* to) {
  for (std::size_t i = 0; i * sizeof(std::uint64_t) < size; ++i) {
    const std::uint64_t word = words[i].load(std::memory_order_acquire);
    std::memcpy(to + i * sizeof word, &word, std::min(sizeof word, size - i * sizeof word));
  }
}

bool has_key(const MapSlot& slot, std::string_view key) {
  std::array<char, ByteMap::kMaxKeyBytes> own{};
  if (slot.key_size.load(std::memory_order_acquire) != key.size()) {
    return false;
  }
  load_bytes(slot.key, key.size(), own.data());
  return std::memcmp(own.data(), key.data(), key.size()) == 0;
}

// The same in every process, whatever its library.
std::uint64_t hash(std::string_view key) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const char c : key) {
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return value ^ value >> 32;
}

}  // namespace

std::optional<ByteMap::Found> ByteMap::get(std::string_view key, char* room) const {
  std::uint32_t at = first_slot_of(key);
  for (std::uint32_t i = 0; i < count_;) {
    const MapSlot& slot = slots_[at];
    const std::uint64_t word = slot.word.load(std::memory_order_acquire);
    if (use_of(word) == kNeverUsed) {
      return std::nullopt;
    }
    if (use_of(word) == kInUse && has_key(slot, key)) {
      const std::size_t side = side_of(word);
      const std::size_t size = std::min<std::size_t>(
          slot.value_sizes[side].load(std::memory_order_acquire), kMaxValueBytes);
      load_bytes(slot.values[side], size, room);
      if (slot.word.load(std::memory_order_relaxed) == word) {
        return Found{version_of(word), size};
      }
      continue;  // it has changed meanwhile; each time somebody else gets on
    }
    at = after(at);
    ++i;
  }
  return std::nullopt;
}

ByteMap::Change ByteMap::put(std::string_view key, std::string_view value, std::uint64_t expected) {
  if (state_->changing.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return Change::busy;
  }
  const Change change = put_locked(key, value, expected);
  state_->changing.unlock();
  return change;
}

ByteMap::Change ByteMap::erase(std::string_view key, std::uint64_t expected) {
  if (state_->changing.lock({}, kOthersChangeNs) == Outcome::timed_out) {
    return Change::busy;
  }
  const Change change = erase_locked(key, expected);
  state_->changing.unlock();
  return change;
}

std::uint32_t ByteMap::used() const {
  std::uint32_t number = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    number += use_of(slots_[i].word.load(std::memory_order_relaxed)) == kInUse ? 1U : 0U;
  }
  return number;
}

std::uint32_t ByteMap::first_slot_of(std::string_view key) const {
  return static_cast<std::uint32_t>(hash(key) % count_);
}

// With the lock held: nothing moves.
ByteMap::Place ByteMap::find(std::string_view key) const {
  Place place;
  std::uint32_t at = first_slot_of(key);
  for (std::uint32_t i = 0; i < count_; ++i, at = after(at)) {
    const std::uint64_t use = use_of(slots_[at].word.load(std::memory_order_relaxed));
    if (use == kInUse) {
      if (has_key(slots_[at], key)) {
        place.slot = at;
        return place;
      }
      continue;
    }
    if (!place.free) {
      place.free = at;
    }
    if (use == kNeverUsed) {
      return place;
    }
  }
  return place;
}

ByteMap::Change ByteMap::put_locked(std::string_view key, std::string_view value,
                                    std::uint64_t expected) {
  const Place place = find(key);
  const std::uint64_t old =
      place.slot ? slots_[*place.slot].word.load(std::memory_order_relaxed) : 0;
  if (expected != kAnyVersion && expected != version_of(old)) {
    return Change::other_version;
  }
  if (!place.slot && !place.free) {
    return Change::full;
  }
  MapSlot& slot = slots_[place.slot ? *place.slot : *place.free];
  const std::size_t side = 1 - side_of(old);
  if (!place.slot) {
    // Nobody compares keys in a slot that is not in use, or who does looks at the word once more.
    slot.key_size.store(key.size(), std::memory_order_release);
    store_bytes(slot.key, key);
  }
  slot.value_sizes[side].store(value.size(), std::memory_order_release);
  store_bytes(slot.values[side], value);
  slot.word.store(in_use(next_version(), side), std::memory_order_release);
  return Change::done;
}

ByteMap::Change ByteMap::erase_locked(std::string_view key, std::uint64_t expected) {
  const Place place = find(key);
  if (!place.slot) {
    return expected == kAnyVersion ? Change::done : Change::other_version;
  }
  std::uint32_t at = *place.slot;
  if (expected != kAnyVersion &&
      expected != version_of(slots_[at].word.load(std::memory_order_relaxed))) {
    return Change::other_version;
  }
  slots_[at].word.store(kErased, std::memory_order_release);
  // In front of one that was never used, no search has to go on: from there backwards, so that at
  // each moment every key can be found.
  if (use_of(slots_[after(at)].word.load(std::memory_order_relaxed)) == kNeverUsed) {
    for (; use_of(slots_[at].word.load(std::memory_order_relaxed)) == kErased; at = before(at)) {
      slots_[at].word.store(kNeverUsed, std::memory_order_release);
    }
  }
  return Change::done;
}

std::uint64_t ByteMap::next_version() {
  const std::uint64_t version = state_->version.load(std::memory_order_relaxed) + 1;
  state_->version.store(version, std::memory_order_release);
  return version;
}

}  // namespace prefork::ipc
