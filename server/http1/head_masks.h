// What the bytes of a head are, one bit for each: 64 of them are asked for the next interesting one
// with two instructions. A plain value.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace prefork::http1 {

struct HeadMasks {
  static constexpr std::size_t kBlockBytes = 64;
  static constexpr std::size_t kMaxBlocks = 16;
  static constexpr std::size_t kMaxBytes = kBlockBytes * kMaxBlocks;
  using Mask = std::array<std::uint64_t, kMaxBlocks>;

  std::size_t size = 0;  // of the bytes that are described; no bit stands for one behind them
  // Only the blocks that hold them are ever written. CTL (RFC 5234): 0x00 to 0x1F, and DEL.
  Mask control;
  Mask delimiter;  // what is no character of a token (RFC 9110 section 5.6.2)
  // What ends a target, or says how it is to be read: % . \ # ? and all but the visible characters
  // of ASCII. Up to the block with the first control character.
  Mask target;

  // The first bit of `mask` at `from`, which is below `size`, or behind it; `size`: there is none.
  [[nodiscard]] std::size_t next(const Mask& mask, std::size_t from) const noexcept {
    const std::uint64_t* block = mask.data() + from / kBlockBytes;
    const std::uint64_t bits = *block >> from % kBlockBytes;
    if (bits != 0) [[likely]] {
      return from + static_cast<std::size_t>(std::countr_zero(bits));
    }
    for (from = (from / kBlockBytes + 1) * kBlockBytes; from < size; from += kBlockBytes) {
      if (*++block != 0) {
        return from + static_cast<std::size_t>(std::countr_zero(*block));
      }
    }
    return size;
  }
};

}  // namespace prefork::http1
