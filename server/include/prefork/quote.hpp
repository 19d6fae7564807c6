// Texts that come from outside, quoted so that they stay texts: in JSON (RFC 8259) and in HTML.
// Pure functions of any thread. Whole values of JSON are for <prefork/json.hpp>, where json_text()
// takes them, too.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace prefork {
inline namespace v1 {

namespace detail {

// How many bytes the UTF-8 character at the front of `text` has (RFC 3629); 0: it is none.
inline std::size_t utf8_size(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t size = first >= 0xC2 && first < 0xE0   ? 2
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) {
      return 0;
    }
  }
  // Longer than needed, half of a UTF-16 pair, or beyond the last character.
  const bool is_wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0) ||
                        (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90);
  return is_wrong ? 0 : size;
}

}  // namespace detail

// `text` as a JSON string, with its quotes: json("{\"name\":" + json_text(name) + "}"). What is no
// UTF-8 becomes U+FFFD.
inline std::string json_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  quoted.reserve(text.size() + 2);
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t size = detail::utf8_size(text);
    if (size == 0) {
      quoted.append("\\ufffd");
    } else if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (size == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) {
      const auto value = static_cast<unsigned char>(c);
      quoted.append("\\u00");
      quoted.push_back(kDigits[value >> 4U]);
      quoted.push_back(kDigits[value & 0xFU]);
    } else {
      quoted.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  quoted.push_back('"');
  return quoted;
}
// The same under its first name.
inline std::string quote_json(std::string_view text) { return json_text(text); }

// `text` for HTML, between tags and in quoted values of attributes alike: & < > " and ' become
// character references. Not for scripts, styles, URLs or attributes without quotes, where text has
// other ends. Bytes that are no UTF-8 stay what they are.
inline std::string html_text(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        quoted.append("&amp;");
        break;
      case '<':
        quoted.append("&lt;");
        break;
      case '>':
        quoted.append("&gt;");
        break;
      case '"':
        quoted.append("&quot;");
        break;
      case '\'':
        quoted.append("&#39;");
        break;
      default:
        quoted.push_back(c);
    }
  }
  return quoted;
}

}  // namespace v1
}  // namespace prefork
