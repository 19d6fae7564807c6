// Fields as text, a line each, for targets whose functions read fields: "Range: bytes=0-1". Values
// may hold anything but a line feed; the functions promise to take any bytes.
#pragma once

#include <string_view>
#include <vector>

#include "config/base/text.h"
#include "server/http/request.h"

namespace prefork::fuzzing {

inline std::vector<http::Field> field_lines(std::string_view text) {
  std::vector<http::Field> fields;
  while (!text.empty()) {
    std::string_view value = config::take_until(text, '\n');
    const std::string_view name = config::take_until(value, ':');
    fields.push_back({name, config::trim(value)});
  }
  return fields;
}

}  // namespace prefork::fuzzing
