// Bytes as hexadecimal digits, two each: how build ids are written. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace prefork::ipc {

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4U];
    text += kDigits[value & 15U];
  }
  return text;
}

}  // namespace prefork::ipc
