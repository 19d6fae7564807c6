// Who reads the heads of requests. A plain value.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

enum class HeadParser : std::uint8_t {
  automatic,  // a fast path for those with nothing unusual in them, llhttp for the others
  llhttp,     // llhttp for all
};

Result<HeadParser> parse_head_parser(std::string_view text);
std::string_view to_string(HeadParser parser);

}  // namespace prefork::config
