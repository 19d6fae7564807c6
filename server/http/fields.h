// Looking up fields by name where it matters whether a field came once. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

// All lines of one name, as far as single-valued fields need them.
struct FieldLines {
  std::size_t count = 0;
  std::string_view first;

  void add(std::string_view value) noexcept {
    if (count++ == 0) {
      first = value;
    }
  }

  // The value, if there is one and no other: several lines of a single-valued field mean nothing
  // that could be relied on.
  [[nodiscard]] std::optional<std::string_view> only() const noexcept {
    return count == 1 ? std::optional(first) : std::nullopt;
  }
};

// `lower_name` is the name in lower case.
inline FieldLines find_lines(std::span<const Field> fields, std::string_view lower_name) noexcept {
  FieldLines lines;
  for (const Field& field : fields) {
    if (config::equals_ignoring_case(field.name, lower_name)) {
      lines.add(field.value);
    }
  }
  return lines;
}

}  // namespace prefork::http
