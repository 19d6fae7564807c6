#include "config/values/ratio.h"

#include "config/base/config_error.h"
#include "config/base/text.h"

namespace prefork::config {

Result<Ratio> parse_ratio(std::string_view text) {
  constexpr std::size_t kDecimals = 6;
  const Problem refused{in_quotes(text) + " is not a ratio; use 0 to 1, such as 0.1"};
  std::string_view decimals;
  if (const std::size_t point = text.find('.'); point != text.npos) {
    decimals = text.substr(point + 1);
    if (decimals.empty() || decimals.size() > kDecimals) return refused;
  }
  const std::string_view whole = text.substr(0, text.find('.'));
  if (whole != "0" && whole != "1") return refused;
  std::uint32_t millionths = whole == "1" ? Ratio::kWhole : 0;
  std::uint32_t unit = Ratio::kWhole;
  for (const char digit : decimals) {
    if (!is_digit(digit)) return refused;
    unit /= 10;
    millionths += static_cast<std::uint32_t>(digit - '0') * unit;
  }
  if (millionths > Ratio::kWhole) return refused;
  return Ratio{millionths};
}

std::string ratio_text(Ratio ratio) {
  if (ratio.millionths == 0) return "0";
  if (ratio.millionths >= Ratio::kWhole) return "1";
  std::string decimals = std::to_string(Ratio::kWhole + ratio.millionths).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return "0." + decimals;
}

}  // namespace prefork::config
