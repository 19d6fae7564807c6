// The patterns without parameters, found by the whole path at once. Such a pattern beats every
// other that matches its path (see route_tree.h), so there is nothing to search for: a path that is
// here needs not be divided. Most requests are for one of these.
//
// A table by the path's size and its first and last bytes, which are all of a short one. Filled at
// start-up by one thread, then only read, by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::routing {

class StaticPaths {
 public:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // `number`, not kNone, is found for the path from now on. Each path once.
  void add(std::string_view path, std::uint32_t number);
  // kNone: it is not here. A path as Request::path_segments() has it. Looks at no more slots than
  // there are paths, whatever is asked for.
  [[nodiscard]] std::uint32_t find(std::string_view path) const noexcept;

 private:
  struct Key {
    std::uint64_t front = 0;  // the first eight bytes
    std::uint64_t back = 0;   // the last eight; 0: there are no more than eight
    std::size_t size = 0;

    bool operator==(const Key&) const = default;
  };
  struct Slot {
    Key key;
    std::uint32_t number = kNone;  // kNone: the slot is free
    std::uint32_t text = 0;        // which of texts_
  };
  static constexpr std::size_t kKeyBytes = 16;

  static Key key_of(std::string_view path) noexcept;
  static std::size_t hash_of(const Key& key) noexcept;
  void put(const Slot& slot);
  void grow();

  std::vector<Slot> slots_;  // a power of two, or none; at least half of them are free
  std::vector<std::string> texts_;
};

}  // namespace prefork::routing
