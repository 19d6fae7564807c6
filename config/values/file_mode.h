// Permission bits of a file as people write them: 660, 0666, 027. A plain value; stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

// 0 to 0777.
Result<std::uint32_t> parse_file_mode(std::string_view text);
// Three digits.
std::string file_mode_text(std::uint32_t mode);

}  // namespace prefork::config
