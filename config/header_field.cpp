#include "config/header_field.h"

#include <algorithm>
#include <array>

#include "config/config_error.h"

namespace prefork {
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

// RFC 9110 section 5.6.2.
bool is_token_character(char c) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOther.find(c) != kOther.npos;
}

// RFC 9110 section 5.5: anything but control characters, tabs excepted.
bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
}

}  // namespace

std::string HeaderField::text() const { return name + (value.empty() ? ":" : ": " + value); }

ValueOrProblem<HeaderField> parse_header_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) {
    return Problem{in_quotes(text) + " has no colon; use one as in X-Served-By: shop"};
  }
  const std::string_view name = text.substr(0, colon);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
    return Problem{in_quotes(name) +
                   " is not the name of a header; use letters, digits and hyphens"};
  }
  const std::string lower_name = in_lower_case(name);
  for (const ReservedHeader& reserved : kReserved) {
    if (lower_name == reserved.lower_name) {
      return Problem{std::string(name) + " " + std::string(reserved.why)};
    }
  }
  const std::string_view value = trimmed(text.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    return Problem{"the value of " + printable(name) +
                   " has a control character in it: " + in_quotes(value)};
  }
  if (text.size() > kMaxHeaderFieldBytes) {
    return Problem{printable(name) + " has " + std::to_string(text.size()) +
                   " bytes; a header has at most " + std::to_string(kMaxHeaderFieldBytes)};
  }
  return HeaderField{std::string(name), std::string(value)};
}

}  // namespace prefork
