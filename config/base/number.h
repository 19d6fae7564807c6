// Whole numbers as users write them, with or without a unit behind them. What does not fit
// saturates instead of failing, so that the range check answers "out of range" and not "not a
// number".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace prefork::config {

struct NumberWithUnit {
  std::int64_t number = 0;
  std::string_view unit;  // all that follows the digits; may be empty
};

// An optional minus sign, digits, then anything. Nothing when there are no digits.
std::optional<NumberWithUnit> parse_number_with_unit(std::string_view text);

// An optional minus sign and digits.
std::optional<std::int64_t> parse_number(std::string_view text);

// The product, or the largest or smallest number when it does not fit.
std::int64_t saturating_product(std::int64_t left, std::int64_t right);

}  // namespace prefork::config
