#include "config/values/duration.h"

#include <cstdint>

#include "config/base/number.h"

namespace prefork::config {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

std::optional<std::int64_t> unit_ms(std::string_view unit) {
  if (unit.empty() || unit == "s") return kSecondMs;
  if (unit == "ms") return 1;
  if (unit == "m") return kMinuteMs;
  if (unit == "h") return kHourMs;
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto parsed = parse_number_with_unit(text);
  if (!parsed) return std::nullopt;
  const auto scale = unit_ms(parsed->unit);
  if (!scale) return std::nullopt;
  return std::chrono::milliseconds(saturating_product(parsed->number, *scale));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t value_ms = duration.count();
  if (value_ms >= kHourMs && value_ms % kHourMs == 0)
    return std::to_string(value_ms / kHourMs) + "h";
  // One minute reads better as 60s.
  if (value_ms > kMinuteMs && value_ms % kMinuteMs == 0) {
    return std::to_string(value_ms / kMinuteMs) + "m";
  }
  if (value_ms % kSecondMs == 0) return std::to_string(value_ms / kSecondMs) + "s";
  return std::to_string(value_ms) + "ms";
}

}  // namespace prefork::config
