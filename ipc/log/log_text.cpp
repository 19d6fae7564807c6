#include "ipc/log/log_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace prefork::ipc {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// Which bytes need no look at what they mean: nearly all there ever are.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x7F; ++byte) {
    plain[byte] = byte != '"' && byte != '\\';
  }
  return plain;
}();

template <typename Line>
void append_hex(Line& line, char c) {
  const auto byte = static_cast<unsigned char>(c);
  line.append("\\x");
  line.push_back(kHex[byte >> 4]);
  line.push_back(kHex[byte & 0xFU]);
}

constexpr std::uint64_t in_each_byte(unsigned char byte) {
  return std::uint64_t{0x0101010101010101} * byte;
}

// Whether all eight are plain. Which of them is not cannot be told: a borrow or a carry may mark
// the one behind it, too.
bool are_plain(const char* eight) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight, sizeof bytes);
  // The highest bit of a byte that is zero is set by taking one from it.
  const auto has_zero = [](std::uint64_t word) { return (word - in_each_byte(1)) & ~word; };
  const std::uint64_t too_low = (bytes - in_each_byte(0x20)) & ~bytes;
  const std::uint64_t too_high = bytes | (bytes + in_each_byte(1));
  const std::uint64_t marks =
      has_zero(bytes ^ in_each_byte('"')) | has_zero(bytes ^ in_each_byte('\\'));
  return ((too_low | too_high | marks) & in_each_byte(0x80)) == 0;
}

// How the text begins: so many of them.
std::size_t plain_part_of(std::string_view text) {
  std::size_t at = 0;
  while (text.size() - at >= 8 && are_plain(text.data() + at)) {
    at += 8;
  }
  while (at < text.size() && kPlain[static_cast<unsigned char>(text[at])]) {
    ++at;
  }
  return at;
}

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // in bytes; 0: not UTF-8
};

// The first character of a text that has one.
Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
    return {};
  }
  char32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) {
      return {};
    }
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code < kSmallest[size] || code > 0x10FFFF || is_surrogate ? Character{}
                                                                   : Character{code, size};
}

// Commands to a terminal, directions of writing, ends of lines and marks that nobody sees.
constexpr bool is_harmless(char32_t code) {
  const auto within = [code](char32_t first, char32_t last) {
    return code >= first && code <= last;
  };
  return code >= 0x20 && !within(0x7F, 0x9F) && code != 0x61C && !within(0x200B, 0x200F) &&
         !within(0x2028, 0x202E) && !within(0x2060, 0x206F) && code != 0xFEFF &&
         !within(0xFFF9, 0xFFFB) && !within(0xE0000, 0xE007F);
}

template <typename Line>
void append_json_escape(Line& line, char32_t code) {
  line.append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) {
    line.push_back(kHex[code >> shift & 0xFU]);
  }
}

}  // namespace

template <typename Line>
void append_escaped(Line& line, std::string_view text, std::size_t limit) {
  constexpr std::size_t kEscapeBytes = 4;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at, limit);
    const std::size_t plain = plain_part_of(rest);
    line.append(rest.substr(0, plain));
    at += plain;
    limit -= plain;
    if (at == text.size() || limit < kEscapeBytes) {
      return;
    }
    append_hex(line, text[at++]);
    limit -= kEscapeBytes;
  }
}

std::string escaped(std::string_view text) {
  std::string line;
  append_escaped(line, text, std::numeric_limits<std::size_t>::max());
  return line;
}

template <typename Line>
void append_json(Line& line, std::string_view text, std::size_t limit) {
  constexpr std::size_t kLongest = 6;  // \u and four digits
  const std::size_t begin = line.size();
  while (!text.empty() && line.size() - begin + kLongest <= limit) {
    const std::size_t plain =
        plain_part_of(text.substr(0, limit - kLongest + 1 - (line.size() - begin)));
    if (plain != 0) {
      line.append(text.substr(0, plain));
      text.remove_prefix(plain);
      continue;
    }
    const Character character = first_character(text);
    const char32_t code = character.size == 0 ? 0xFFFD : character.code;
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    if (code == '"' || code == '\\') {
      line.push_back('\\');
      line.push_back(text.front());
    } else if (character.size == 0 || (!is_harmless(code) && code <= 0xFFFF)) {
      append_json_escape(line, code);
    } else if (is_harmless(code)) {
      line.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
}

void append_readable(std::string& line, std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    if (character.size != 0 && is_harmless(character.code)) {
      line.append(text.substr(0, size));
    } else {
      for (const char c : text.substr(0, size)) {
        append_hex(line, c);
      }
    }
    text.remove_prefix(size);
  }
}

void append_number(std::string& line, std::uint64_t number) {
  std::array<char, 20> room;
  const char* const end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
  line.append(room.data(), static_cast<std::size_t>(end - room.data()));
}

template void append_escaped(std::string&, std::string_view, std::size_t);
template void append_escaped(LineText&, std::string_view, std::size_t);
template void append_json(std::string&, std::string_view, std::size_t);
template void append_json(LineText&, std::string_view, std::size_t);

}  // namespace prefork::ipc
