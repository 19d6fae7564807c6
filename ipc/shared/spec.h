// What an application declares of a thing that its workers share: kind, name and sizes. Plain
// values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prefork::ipc {

// The numbers are part of the table's layout and of the C interface.
enum class SharedKind : std::uint32_t {
  none = 0,
  number = 1,
  event = 2,
  semaphore = 3,
  mutex = 4,
  rw_lock = 5,
  once = 6,
  barrier = 7,
  rate_limit = 8,
  queue = 9,
  map = 10,
  topic = 11,
};
inline constexpr std::uint32_t kSharedKinds = 12;

// As people see it; empty: no such kind.
std::string_view to_string(SharedKind kind);

struct SharedSpec {
  static constexpr std::size_t kMaxNameBytes = 47;
  static constexpr std::uint32_t kMaxCells = 65'536;
  static constexpr std::uint32_t kMaxCellBytes = 65'536;
  static constexpr std::uint32_t kMaxBurst = 1'000'000;

  SharedKind kind = SharedKind::none;
  std::string name;
  // Units of a semaphore, parties of a barrier, pieces of a queue or topic, keys of a map, burst of
  // a rate limit; else 0.
  std::uint32_t count = 0;
  // The longest piece of a queue or topic; else 0.
  std::uint32_t bytes = 0;
  // Between two of a rate limit; else 0.
  std::uint64_t interval_ns = 0;

  friend bool operator==(const SharedSpec&, const SharedSpec&) = default;
};

// [a-zA-Z_][a-zA-Z0-9_.:-]*, not too long.
bool is_shared_name(std::string_view text);
// Why it cannot be declared, for people; empty: it can.
std::string find_fault(const SharedSpec& spec);
// "queue of 64 pieces of at most 256 bytes".
std::string describe(const SharedSpec& spec);
// Of shared memory.
std::size_t size_of(const SharedSpec& spec);
// Slots of a map: more than keys, so that searches stay short.
constexpr std::uint32_t slots_for(std::uint32_t keys) { return keys + keys / 3 + 1; }

}  // namespace prefork::ipc
