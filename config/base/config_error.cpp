#include "config/base/config_error.h"

#include <cstddef>

namespace prefork::config {
namespace {

constexpr std::size_t kLongestShown = 120;
constexpr std::size_t kShownAtEachEnd = 50;

bool is_control(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x20 || value == 0x7f;
}

// UTF-8 stays as it is; what could move the cursor or start a second line does not.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char byte : text) {
    if (!is_control(byte)) {
      result += byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    result += "\\x";
    result += kDigits[value / 16];
    result += kDigits[value % 16];
  }
  return result;
}

bool continues_a_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::string shortened(std::string_view text) {
  if (text.size() <= kLongestShown) return std::string(text);
  std::size_t head = kShownAtEachEnd;
  while (head > 0 && continues_a_character(text[head])) --head;
  std::size_t tail = text.size() - kShownAtEachEnd;
  while (tail < text.size() && continues_a_character(text[tail])) ++tail;
  return std::string(text.substr(0, head)) + "..." + std::string(text.substr(tail));
}

}  // namespace

std::string printable(std::string_view text) { return escaped(shortened(text)); }

std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

std::string to_line(const ConfigError& error) {
  return "prefork-server: " + escaped(error.source) + ": " + escaped(error.message);
}

}  // namespace prefork::config
