// A share of all, from 0 to 1, to a millionth: "0.1". Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct Ratio {
  static constexpr std::uint32_t kWhole = 1'000'000;

  std::uint32_t millionths = 0;  // at most kWhole

  bool operator==(const Ratio&) const = default;
};

Result<Ratio> parse_ratio(std::string_view text);
// As short as it can be.
std::string ratio_text(Ratio ratio);

}  // namespace prefork::config
