// The patterns that routes are written as: "/", "/items/{id}", "/files/{path...}".
//
// A pattern is compared with a path that has no dot segments, part by part as the slashes divide
// it; then the parts are decoded, once, so that "/items/a%2Fb" is the item "a/b" and never the path
// "/items/a/b". A part is text, compared byte by byte; a parameter "{id}", which takes any one part
// that is not empty; or, as the last part only, a wildcard "{path...}", which takes all that is
// left, slashes of both kinds included, if what is left begins with a part that is not empty. So
// "/files/{path...}" takes "/files/a" and "/files/a//b/", but neither "/files/" (which may have a
// route of its own) nor "/files//etc" nor "/files/%2Fetc": no parameter is ever empty or has a dot
// segment in it, and none that takes several parts looks like an absolute path. A slash at the end
// counts: "/items/" is not "/items".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/base/result.h"

namespace prefork::routing {

inline constexpr std::size_t kMaxRouteParts = 32;

struct RoutePart {
  enum class Kind : std::uint8_t { text, parameter, wildcard };

  Kind kind = Kind::text;
  std::string_view text;  // or the parameter's name; into the pattern
};

// Divides a pattern into its parts, or says what is wrong with it.
config::Result<std::vector<RoutePart>> parse_route_pattern(std::string_view pattern);

}  // namespace prefork::routing
