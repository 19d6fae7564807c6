#include "server/http/weight.h"

#include <algorithm>
#include <cstddef>

#include "config/base/text.h"

namespace prefork::http {

// ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
Weight parse_weight(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 5;
  if (text.empty() || text.size() > kLongest || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  unsigned weight = text[0] == '1' ? 1000 : 0;
  unsigned place = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!config::is_digit(c)) {
      return std::nullopt;
    }
    weight += place * static_cast<unsigned>(c - '0');
    place /= 10;
  }
  return weight <= 1000 ? Weight(weight) : std::nullopt;
}

}  // namespace prefork::http
