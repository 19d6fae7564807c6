#include "config/values/file_mode.h"

#include "config/base/config_error.h"

namespace prefork::config {

Result<std::uint32_t> parse_file_mode(std::string_view text) {
  std::uint32_t mode = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7' || text.size() > 4) {
      return Problem{in_quotes(text) +
                     " is not a mode of a file; write it in octal digits, as 660 or 027"};
    }
    mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
  }
  if (mode > 0777) {
    return Problem{printable(text) + " is out of range; use 0 to 777"};
  }
  return mode;
}

std::string file_mode_text(std::uint32_t mode) {
  std::string text;
  for (int shift = 6; shift >= 0; shift -= 3) {
    text += static_cast<char>('0' + (mode >> shift & 7U));
  }
  return text;
}

}  // namespace prefork::config
