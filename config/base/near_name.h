// Finds what somebody probably meant by a name that does not exist. Any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace prefork::config {

// No name of ours is near to anything longer, and the distance takes time in the square.
inline constexpr std::size_t kLongestName = 64;

// Letters to add, drop, replace or swap with their neighbour to make one text of the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

// A third of the letters may be wrong; more is another word.
constexpr std::size_t most_edits(std::string_view written) {
  return std::max<std::size_t>(1, written.size() / 3);
}

// The nearest `name` of the table's entries; empty when none is near. Lives as long as the table.
template <typename Table>
std::string_view nearest_name(const Table& table, std::string_view written) {
  std::string_view nearest;
  if (written.empty() || written.size() > kLongestName) return nearest;
  std::size_t nearest_distance = most_edits(written) + 1;
  for (const auto& entry : table) {
    const std::size_t distance = edit_distance(written, entry.name);
    if (distance < nearest_distance) {
      nearest = entry.name;
      nearest_distance = distance;
    }
  }
  return nearest;
}

}  // namespace prefork::config
