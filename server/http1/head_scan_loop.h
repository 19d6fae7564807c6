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

// The bits of the block at `at`, which kRead gives for half of one. Where `left` bytes are fewer
// than a block, the last of them, which end at `end`, are read as a half of their own, so that
// nothing behind is touched.
template <auto kRead>
[[gnu::always_inline]] inline std::uint64_t read_block(const char* at, std::size_t left,
                                                       const char* end) {
  if (left >= HeadMasks::kBlockBytes) [[likely]] {
    return kRead(at) | std::uint64_t{kRead(at + kHalfBytes)} << kHalfBytes;
  }
  const std::uint64_t last = kRead(end - kHalfBytes);
  return left >= kHalfBytes ? last << (left - kHalfBytes) | kRead(at) : last >> (kHalfBytes - left);
}

// `Look` says of the 32 bytes at a place which are control characters, which are neither those nor
// of a token, and which are as HeadMasks::target has it. At least 32 bytes.
template <typename Look>
[[gnu::always_inline]] inline void scan_with(std::string_view bytes, HeadMasks& masks) {
  const char* const end = bytes.data() + bytes.size();
  masks.size = std::min(bytes.size(), HeadMasks::kMaxBytes);
  bool is_in_request_line = true;
  std::uint64_t control_before = 0;
  std::uint64_t pairs_before = 0;
  for (std::size_t from = 0; from < masks.size; from += HeadMasks::kBlockBytes) {
    const char* const at = bytes.data() + from;
    const std::size_t left = bytes.size() - from;
    const std::size_t block = from / HeadMasks::kBlockBytes;
    const std::uint64_t control = read_block<Look::controls>(at, left, end);
    const std::uint64_t other = read_block<Look::others>(at, left, end);
    masks.control[block] = control;
    masks.delimiter[block] = control | other;
    if (is_in_request_line) {
      masks.target[block] = read_block<Look::targets>(at, left, end);
      is_in_request_line = control == 0;
    }
    // Four control characters in a row end every head that is taken.
    const std::uint64_t pairs = control & (control << 1 | control_before >> 63);
    if ((pairs & (pairs << 2 | pairs_before >> 62)) != 0) {
      masks.size = std::min(masks.size, from + HeadMasks::kBlockBytes);
      return;
    }
    control_before = control;
    pairs_before = pairs;
  }
}

}  // namespace prefork::http1
