#include "config/values/header_field.h"

#include <array>

#include "config/base/config_error.h"
#include "config/base/text.h"

namespace prefork::config {
namespace {

struct ReservedHeader {
  std::string_view lower_name;
  std::string_view why;
};

constexpr std::array kReserved = {
    ReservedHeader{"content-length", "follows from each response; it cannot be set"},
    ReservedHeader{"transfer-encoding", "follows from each response; it cannot be set"},
    ReservedHeader{"connection", "follows from each request; it cannot be set"},
    ReservedHeader{"date", "is the time of each response; --no-date-header leaves it out"},
};

}  // namespace

std::string HeaderField::text() const { return name + (value.empty() ? ":" : ": " + value); }

Result<HeaderField> parse_header_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) {
    return Problem{in_quotes(text) + " has no colon; use one as in X-Served-By: shop"};
  }
  const std::string_view name = text.substr(0, colon);
  if (!is_token(name)) {
    return Problem{in_quotes(name) +
                   " is not the name of a header; use letters, digits and hyphens"};
  }
  for (const ReservedHeader& reserved : kReserved) {
    if (equals_ignoring_case(name, reserved.lower_name)) {
      return Problem{std::string(name) + " " + std::string(reserved.why)};
    }
  }
  const std::string_view value = trim(text.substr(colon + 1));
  if (!is_safe_field_value(value)) {
    return Problem{"the value of " + printable(name) +
                   " has a control character in it: " + in_quotes(value)};
  }
  if (text.size() > kMaxHeaderFieldBytes) {
    return Problem{printable(name) + " has " + std::to_string(text.size()) +
                   " bytes; a header has at most " + std::to_string(kMaxHeaderFieldBytes)};
  }
  return HeaderField{std::string(name), std::string(value)};
}

}  // namespace prefork::config
