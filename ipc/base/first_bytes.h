// Short text as a word of memory that processes share.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace prefork::ipc {

// The first `size` bytes, eight at most, the first one lowest; zeros fill up the word. A call of
// memcpy() for so few would take longer than all the rest.
inline std::uint64_t first_bytes(const void* bytes, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  const auto load = [bytes]<typename Number>(Number number, std::size_t at) {
    std::memcpy(&number, static_cast<const char*>(bytes) + at, sizeof number);
    return std::uint64_t{number};
  };
  if (size >= 8) {
    return load(std::uint64_t{}, 0);
  }
  if (size >= 4) {
    return load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4) << 8 * (size - 4);
  }
  if (size == 0) {
    return 0;
  }
  return load(std::uint8_t{}, 0) | load(std::uint8_t{}, size / 2) << 8 * (size / 2) |
         load(std::uint8_t{}, size - 1) << 8 * (size - 1);
}

}  // namespace prefork::ipc
