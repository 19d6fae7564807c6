// What every scanner does, whatever the width of its instructions. Included by the files that know
// one; each compiles it into its own function, for its own instructions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/http1/head_masks.h"

namespace prefork::http1 {

inline constexpr std::size_t kHalfBytes = HeadMasks::kBlockBytes / 2;

// Of half a block.
struct HalfBits {
  std::uint32_t control;
  std::uint32_t other;  // neither a control character nor one of a token
};

// `Look` has, of the 32 bytes at a place: tokens(), what HalfBits says, and targets(), as
// HeadMasks::target.
template <typename Look>
[[gnu::always_inline]] inline void scan_with(std::string_view bytes, HeadMasks& masks) {
  std::array<char, kHalfBytes> few;
  const char* end = bytes.data() + bytes.size();
  if (bytes.size() < kHalfBytes) {
    // At the end of a half; what is before them is shifted out like that of any other.
    few.fill(' ');
    std::copy(bytes.begin(), bytes.end(), few.end() - bytes.size());
    end = few.data() + few.size();
  }
  masks.size = std::min(bytes.size(), HeadMasks::kMaxBytes);
  bool is_in_request_line = true;
  std::uint64_t control_before = 0;
  std::uint64_t pairs_before = 0;
  for (std::size_t block = 0; block * HeadMasks::kBlockBytes < masks.size; ++block) {
    const char* const at = bytes.data() + block * HeadMasks::kBlockBytes;
    const std::size_t left = bytes.size() - block * HeadMasks::kBlockBytes;
    // Where the block is not full, its last bytes are read as a half of their own.
    const bool has_first = left >= kHalfBytes;
    const bool is_full = left >= HeadMasks::kBlockBytes;
    const char* const second = is_full ? at + kHalfBytes : end - kHalfBytes;
    const std::size_t second_place = is_full ? kHalfBytes : left - kHalfBytes;  // of its first bit
    const HalfBits high = Look::tokens(second);
    std::uint64_t control = high.control;
    std::uint64_t other = high.other;
    if (has_first) {
      const HalfBits low = Look::tokens(at);
      control = control << second_place | low.control;
      other = other << second_place | low.other;
    } else {
      control >>= kHalfBytes - left;
      other >>= kHalfBytes - left;
    }
    masks.control[block] = control;
    masks.delimiter[block] = control | other;
    if (is_in_request_line) {
      const std::uint64_t target = Look::targets(second);
      masks.target[block] =
          has_first ? target << second_place | Look::targets(at) : target >> (kHalfBytes - left);
      is_in_request_line = control == 0;
    }
    // Four control characters in a row end every head that is taken.
    const std::uint64_t pairs = control & (control << 1 | control_before >> 63);
    if ((pairs & (pairs << 2 | pairs_before >> 62)) != 0) {
      masks.size = std::min(masks.size, (block + 1) * HeadMasks::kBlockBytes);
      return;
    }
    control_before = control;
    pairs_before = pairs;
  }
}

}  // namespace prefork::http1
