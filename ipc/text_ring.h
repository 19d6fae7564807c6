// The last few texts that one process has published for others, in shared memory. One writer;
// readers bound what they find, and get none that is being written.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/seqlock.h"

namespace prefork::ipc {

template <std::size_t kTexts, std::size_t kBytes>
class TextRing {
 public:
  static constexpr std::size_t kMaxTexts = kTexts;
  static constexpr std::size_t kMaxBytes = kBytes;

  // Cut after kMaxBytes.
  void add(std::string_view text) {
    const std::uint64_t number = added_.load(std::memory_order_relaxed);
    Box& box = boxes_[number % kTexts];
    const std::uint64_t sequence = box.begin_write();
    const std::size_t size = std::min(text.size(), kBytes);
    box.store_word(0, size);
    for (std::size_t at = 0, word = 1; at < size; at += sizeof(std::uint64_t), ++word) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, text.data() + at, std::min(sizeof bytes, size - at));
      box.store_word(word, bytes);
    }
    box.end_write(sequence);
    added_.store(number + 1, std::memory_order_release);
  }

  // The newest first.
  [[nodiscard]] std::vector<std::string> get() const {
    const std::uint64_t added = added_.load(std::memory_order_acquire);
    std::vector<std::string> texts;
    for (std::uint64_t back = 1; back <= std::min<std::uint64_t>(added, kTexts); ++back) {
      if (const auto words = boxes_[(added - back) % kTexts].read()) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>((*words)[0], kBytes));
        texts.emplace_back(reinterpret_cast<const char*>(words->data() + 1), size);
      }
    }
    return texts;
  }

 private:
  using Box = SeqlockBox<1 + kBytes / sizeof(std::uint64_t)>;

  std::atomic<std::uint64_t> added_{0};
  std::array<Box, kTexts> boxes_{};
};

}  // namespace prefork::ipc
