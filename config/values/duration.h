// Durations as users write them: `500ms`, `30s`, `2m`, `1h`; a plain number is seconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace prefork::config {

// Nothing when it is not a duration. What does not fit saturates.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest form people would write, with a unit: `60s`, `90s`, `2m`, `1h`, `1500ms`.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace prefork::config
