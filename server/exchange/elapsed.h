// Time between two looks at clocks. A pure function.
#pragma once

#include <cstdint>

namespace prefork::exchange {

// Clocks of threads, and one that a test sets, need not agree to the microsecond.
inline std::uint64_t elapsed_us(std::uint64_t from_ns, std::uint64_t until_ns) {
  return until_ns > from_ns ? (until_ns - from_ns) / 1000 : 0;
}

}  // namespace prefork::exchange
