// "00" to "99": numbers are written two digits at a time with it. Constant data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace prefork::ipc {

inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < pairs.size() / 2; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// Both digits of a number below 100.
inline void put_digit_pair(char* to, std::uint64_t number) {
  std::memcpy(to, kDigitPairs.data() + 2 * number, 2);
}

}  // namespace prefork::ipc
