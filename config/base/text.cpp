#include "config/base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace prefork::config {

namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

constexpr std::uint64_t in_each_byte(unsigned char byte) { return ~std::uint64_t{0} / 0xFF * byte; }

// Whether one of eight bytes is a control character, a tab among them. No sum leaves its byte:
// seven bits and 0x60 reach the eighth from 0x20 on, seven bits and 1 with 0x7F.
bool has_control(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kWordBytes);
  const std::uint64_t seven_bits = word & in_each_byte(0x7F);
  const std::uint64_t controls =
      ~(seven_bits + in_each_byte(0x60)) | (seven_bits + in_each_byte(0x01));
  return (controls & ~word & in_each_byte(0x80)) != 0;
}

bool is_safe(char c) { return (static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != 0x7F; }

}  // namespace

// Each response asks this, so that it looks at eight bytes at a time; one by one only where there
// is a control character, which may be a tab, or where there are fewer.
bool is_safe_field_value(std::string_view value) {
  if (value.size() >= kWordBytes) {
    const char* const last = value.data() + value.size() - kWordBytes;
    const char* at = value.data();
    while (at < last && !has_control(at)) {
      at += kWordBytes;
    }
    if (at >= last && !has_control(last)) {
      return true;
    }
  }
  return std::all_of(value.begin(), value.end(), is_safe);
}

}  // namespace prefork::config
