// Content-Disposition (RFC 6266): the name under which a client saves what it gets.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <prefork/quote.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// attr-char of RFC 8187 section 3.2.1: what goes as it is.
inline bool is_attribute_char(char c) {
  constexpr std::string_view kOther = "!#$&+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOther.find(c) != std::string_view::npos;
}

// What every client reads, with _ for each character that some of them do not (RFC 6266 appendix
// D); and, where that is another name, the name itself in UTF-8, which newer ones prefer.
inline std::string attachment(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string plain;
  std::string encoded;
  for (std::string_view rest = name; !rest.empty();) {
    const char c = rest.front();
    const std::size_t size = utf8_size(rest);
    const auto byte = static_cast<unsigned char>(c);
    if (size == 0 || byte < 0x20 || byte == 0x7F || c == '/' || c == '\\') {
      throw std::invalid_argument(
          "download(): the name of a file is UTF-8 without control characters and slashes");
    }
    plain.push_back(size != 1 || c == '"' || c == '%' ? '_' : c);
    for (const char part : rest.substr(0, size)) {
      if (is_attribute_char(part)) {
        encoded.push_back(part);
      } else {
        const auto value = static_cast<unsigned char>(part);
        encoded.push_back('%');
        encoded.push_back(kDigits[value >> 4U]);
        encoded.push_back(kDigits[value & 0xFU]);
      }
    }
    rest.remove_prefix(size);
  }
  if (name.empty()) {
    throw std::invalid_argument("download(): the name of a file is empty");
  }
  std::string value = "attachment; filename=\"" + plain + "\"";
  return plain == name ? value : value.append("; filename*=UTF-8''").append(encoded);
}

}  // namespace detail

}  // namespace v1
}  // namespace prefork
