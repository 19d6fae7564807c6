#include "config/values/trace_mode.h"

#include <array>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

struct TraceModeName {
  TraceMode mode;
  std::string_view name;
};

constexpr std::array kTraceModes = {
    TraceModeName{TraceMode::off, "off"},
    TraceModeName{TraceMode::propagate, "propagate"},
    TraceModeName{TraceMode::otlp, "otlp"},
};

}  // namespace

Result<TraceMode> parse_trace_mode(std::string_view text) {
  for (const TraceModeName& entry : kTraceModes) {
    if (entry.name == text) return entry.mode;
  }
  return Problem{in_quotes(text) + " is no way to trace; use off, propagate or otlp"};
}

std::string_view to_string(TraceMode mode) {
  for (const TraceModeName& entry : kTraceModes) {
    if (entry.mode == mode) return entry.name;
  }
  return "";
}

}  // namespace prefork::config
