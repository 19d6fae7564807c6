// Sizes as users write them: `64k`, `1m`, `1g` in powers of 1024; a plain number is bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prefork::config {

// Bytes; nothing when it is not a size. Signed, so that a range check can refuse `-1`; what does
// not fit saturates.
std::optional<std::int64_t> parse_byte_size(std::string_view text);

// The largest unit that loses nothing: `8k`, `1m`, `1500`.
std::string format_byte_size(std::uint64_t bytes);

}  // namespace prefork::config
