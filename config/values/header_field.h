// A header that every response gets because the user asked for it. A plain value, checked when it
// is parsed: it can go on the wire as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct HeaderField {
  std::string name;   // as written
  std::string value;  // without white space at its ends; may be empty

  // `Name: value`, which parse_header_field() accepts.
  std::string text() const;

  bool operator==(const HeaderField&) const = default;
};

// `Name:Value` or `Name: Value`. Headers that belong to the framing of a message or that the server
// has an option for are refused.
Result<HeaderField> parse_header_field(std::string_view text);

inline constexpr std::size_t kMaxHeaderFields = 64;
inline constexpr std::size_t kMaxHeaderFieldBytes = 8192;  // of one

}  // namespace prefork::config
