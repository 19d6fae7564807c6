// One line of a log while it is made: in room of its own, where there is always some, so that
// nothing is allocated and little is asked on the way. What is beyond the longest line that a sink
// takes is left out. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "ipc/base/digit_pairs.h"
#include "ipc/log/line_sink.h"

namespace prefork::ipc {

class LineText {
 public:
  // Without the line feed at its end.
  static constexpr std::size_t kMaxBytes = LineSink::kMaxLineBytes - 1;
  // Of an array that append_fixed() takes.
  static constexpr std::size_t kMaxFixedBytes = 64;

  // No member is initialised for each line, nor at all: what counts is below `size_`.
  LineText() {}  // NOLINT(modernize-use-equals-default)

  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return std::min(size_, kMaxBytes); }

  void append(std::string_view text) { size_ += text.copy(bytes_.data() + size_, kRoom - size_); }
  void push_back(char c) {
    if (size_ < kMaxBytes) {
      bytes_[size_++] = c;
    }
  }
  // The first `size` bytes of an array that has as many; it is copied whole, which takes a few
  // instructions.
  template <std::size_t kBytes>
  void append_fixed(const std::array<char, kBytes>& text, std::size_t size) {
    append_first<kBytes>(text.data(), size);
  }
  void append_number(std::uint64_t number) {
    if (number < 10) {
      return push_back(static_cast<char>('0' + number));
    }
    // From the last digit on; behind them is nothing that counts.
    std::array<char, 2 * kMaxDigits> text{};
    std::size_t first = kMaxDigits;
    for (; number >= 100; number /= 100) {
      put_digit_pair(&text[first -= 2], number % 100);
    }
    put_digit_pair(&text[first -= 2], number);
    first += number < 10 ? 1 : 0;
    append_first<kMaxDigits>(&text[first], kMaxDigits - first);
  }
  // "1.042": so many units, of which a thousand thousands are one, with 1 to 6 decimals.
  void append_millionths(std::uint64_t millionths, std::size_t decimals) {
    constexpr std::uint64_t kUnit = 1'000'000;
    append_number(millionths / kUnit);
    const std::uint64_t rest = millionths % kUnit;
    std::array<char, 8> text{'.'};
    put_digit_pair(&text[1], rest / 10'000);
    put_digit_pair(&text[3], rest / 100 % 100);
    put_digit_pair(&text[5], rest % 100);
    append_fixed(text, 1 + decimals);
  }

  // With its line feed; valid until the next change.
  std::string_view finished() {
    bytes_[size()] = '\n';
    return {bytes_.data(), size() + 1};
  }

 private:
  static constexpr std::size_t kRoom = kMaxBytes + kMaxFixedBytes;
  static constexpr std::size_t kMaxDigits = 20;

  // The first `size` of kBytes bytes that can be read there.
  template <std::size_t kBytes>
  void append_first(const char* from, std::size_t size) {
    static_assert(kBytes <= kMaxFixedBytes);
    if (size_ < kMaxBytes) {
      std::memcpy(bytes_.data() + size_, from, kBytes);
      size_ += size;
    }
  }

  std::size_t size_ = 0;
  std::array<char, kRoom> bytes_;
};

}  // namespace prefork::ipc
