// Values of up to 256 bytes by keys of up to 64, among the threads of all processes. Readers
// exclude nobody; writers exclude each other for the time of one change. A slot has room for two
// values, and a word that says which one counts: a change writes the other one and then that word,
// so a process that is killed at any instruction has changed nothing or all, and no reader ever
// sees half of a value. Any process, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/atomic.h"
#include "ipc/shared/mutex.h"

namespace prefork::ipc {

// In shared memory, in front of the slots; all zero: empty.
struct MapState {
  alignas(64) Mutex changing;
  Atomic<std::uint64_t> version{0};  // that of the last change, or one that was never seen
};

struct MapSlot {
  static constexpr std::size_t kKeyWords = 8;
  static constexpr std::size_t kValueWords = 32;

  // Version, which of the values counts, and what the slot is; see byte_map.cpp.
  Atomic<std::uint64_t> word{0};
  Atomic<std::uint64_t> key_size{0};
  std::array<Atomic<std::uint64_t>, kKeyWords> key{};
  std::array<Atomic<std::uint64_t>, 2> value_sizes{};
  std::array<std::array<Atomic<std::uint64_t>, kValueWords>, 2> values{};
};

// A process's view. How many slots there are is its own: what others write is not believed.
class ByteMap {
 public:
  static constexpr std::size_t kMaxKeyBytes = MapSlot::kKeyWords * 8;
  static constexpr std::size_t kMaxValueBytes = MapSlot::kValueWords * 8;
  // For put() and erase(): whatever there is.
  static constexpr std::uint64_t kAnyVersion = ~std::uint64_t{0};

  enum class Change : std::uint8_t {
    done,
    other_version,  // the key has another version than was expected
    full,           // no slot for a new key
    busy,           // another writer took longer than 2 ms (it is stopped)
  };
  struct Found {
    std::uint64_t version = 0;  // never 0
    std::size_t size = 0;
  };

  ByteMap(MapState& state, MapSlot* slots, std::uint32_t count)
      : state_(&state), slots_(slots), count_(count) {}

  // Copies the value into `room`, which is kMaxValueBytes long. Nothing: there is no such key.
  [[nodiscard]] std::optional<Found> get(std::string_view key, char* room) const;
  // `expected`: the version that is to be replaced; 0: the key must be new.
  Change put(std::string_view key, std::string_view value, std::uint64_t expected);
  // `done` also when there is no such key and any version will do.
  Change erase(std::string_view key, std::uint64_t expected);

  // Looks at all slots.
  [[nodiscard]] std::uint32_t used() const;

 private:
  // Where a key is, or where it would be put.
  struct Place {
    std::optional<std::uint32_t> slot;
    std::optional<std::uint32_t> free;
  };

  [[nodiscard]] std::uint32_t first_slot_of(std::string_view key) const;
  [[nodiscard]] Place find(std::string_view key) const;
  [[nodiscard]] std::uint32_t after(std::uint32_t slot) const { return (slot + 1) % count_; }
  [[nodiscard]] std::uint32_t before(std::uint32_t slot) const {
    return (slot + count_ - 1) % count_;
  }
  // With the lock held.
  Change put_locked(std::string_view key, std::string_view value, std::uint64_t expected);
  Change erase_locked(std::string_view key, std::uint64_t expected);
  [[nodiscard]] std::uint64_t next_version();

  MapState* state_;
  MapSlot* slots_;
  std::uint32_t count_;
};

}  // namespace prefork::ipc
