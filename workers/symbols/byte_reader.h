// Reads numbers and texts out of bytes that are not believed: what would lie behind their end is
// zero, or empty, and the reader has failed from then on. In the byte order of this machine.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace prefork::symbols {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  template <typename Number>
  Number number() {
    Number value{};
    const std::string_view bytes = take(sizeof value);
    if (!bytes.empty()) {
      std::memcpy(&value, bytes.data(), bytes.size());
    }
    return value;
  }
  // Of 4 or 8 bytes.
  std::uint64_t word(bool is_long) {
    return is_long ? number<std::uint64_t>() : number<std::uint32_t>();
  }
  // LEB128, without and with a sign. What has more than 64 bits is cut.
  std::uint64_t leb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= shift < 64 ? std::uint64_t{byte & 0x7FU} << shift : 0;
      if ((byte & 0x80U) == 0) {
        return value;
      }
    }
  }
  std::int64_t signed_leb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const auto byte = number<std::uint8_t>();
      value |= shift < 64 ? std::uint64_t{byte & 0x7FU} << shift : 0;
      shift += 7;
      if ((byte & 0x80U) == 0) {
        const bool is_negative = (byte & 0x40U) != 0 && shift < 64;
        return static_cast<std::int64_t>(is_negative ? value | ~std::uint64_t{0} << shift : value);
      }
    }
  }
  // Ended by a zero, which goes with it.
  std::string_view text() {
    const std::size_t end = rest_.find('\0');
    if (end == rest_.npos) {
      return fail();
    }
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found;
  }
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) {
      return fail();
    }
    const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view fail() {
    has_failed_ = true;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool has_failed_ = false;
};

// What begins there, up to the end; empty: it lies outside.
inline std::string_view bytes_from(std::string_view bytes, std::uint64_t offset) {
  return offset < bytes.size() ? bytes.substr(static_cast<std::size_t>(offset))
                               : std::string_view();
}

}  // namespace prefork::symbols
