// What is done with the traces that requests are part of (W3C Trace Context). A plain value.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

enum class TraceMode : std::uint8_t {
  off,        // nobody looks
  propagate,  // each request has ids, for the logs and for whom the application asks
  otlp,       // and spans are sent to a collector
};

Result<TraceMode> parse_trace_mode(std::string_view text);
std::string_view to_string(TraceMode mode);

}  // namespace prefork::config
