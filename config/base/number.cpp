#include "config/base/number.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace prefork::config {

std::optional<NumberWithUnit> parse_number_with_unit(std::string_view text) {
  NumberWithUnit result;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, result.number);
  if (error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    using Limits = std::numeric_limits<std::int64_t>;
    result.number = text.front() == '-' ? Limits::min() : Limits::max();
  }
  result.unit = std::string_view(rest, static_cast<std::size_t>(end - rest));
  return result;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  const auto parsed = parse_number_with_unit(text);
  if (!parsed || !parsed->unit.empty()) return std::nullopt;
  return parsed->number;
}

std::int64_t saturating_product(std::int64_t left, std::int64_t right) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(left, right, &product)) return product;
  using Limits = std::numeric_limits<std::int64_t>;
  return (left < 0) == (right < 0) ? Limits::max() : Limits::min();
}

}  // namespace prefork::config
