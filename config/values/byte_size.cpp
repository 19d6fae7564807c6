#include "config/values/byte_size.h"

#include <array>

#include "config/base/number.h"

namespace prefork::config {
namespace {

struct Unit {
  char letter;
  std::int64_t bytes;
};

constexpr std::array kUnitsFromLargest = {
    Unit{'g', std::int64_t{1} << 30},
    Unit{'m', std::int64_t{1} << 20},
    Unit{'k', std::int64_t{1} << 10},
};

}  // namespace

std::optional<std::int64_t> parse_byte_size(std::string_view text) {
  const auto parsed = parse_number_with_unit(text);
  if (!parsed) return std::nullopt;
  if (parsed->unit.empty()) return parsed->number;
  if (parsed->unit.size() != 1) return std::nullopt;
  for (const Unit& unit : kUnitsFromLargest) {
    const char given = parsed->unit.front();
    // Both `64k` and `64K` are in use.
    if (given == unit.letter || given == unit.letter - 'a' + 'A') {
      return saturating_product(parsed->number, unit.bytes);
    }
  }
  return std::nullopt;
}

std::string format_byte_size(std::uint64_t bytes) {
  for (const Unit& unit : kUnitsFromLargest) {
    const auto unit_bytes = static_cast<std::uint64_t>(unit.bytes);
    if (bytes >= unit_bytes && bytes % unit_bytes == 0) {
      return std::to_string(bytes / unit_bytes) + unit.letter;
    }
  }
  return std::to_string(bytes);
}

}  // namespace prefork::config
