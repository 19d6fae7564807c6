// A handful of 64-bit words that must be read together, written by one thread and read by any
// other process. Lives in shared memory: no pointer, no lock, and a writer killed at any
// instruction leaves a box that readers see as "being written" and give up on.
//
// Fence-free, so that ThreadSanitizer follows it: the words are stored with release, hence a reader
// that sees a new word also sees the odd sequence stored before it; they are loaded with acquire,
// hence the second load of the sequence cannot move up. On x86 all of these are plain moves.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace prefork::ipc {

template <std::size_t kWords>
class SeqlockBox {
 public:
  using Words = std::array<std::uint64_t, kWords>;

  // One writer at a time.
  void write(const Words& words) {
    const std::uint64_t sequence = begin_write();
    for (std::size_t i = 0; i < kWords; ++i) {
      words_[i].store(words[i], std::memory_order_release);
    }
    end_write(sequence);
  }

  // For a writer that fills only some of the words: store what changes between the two calls.
  // A predecessor may have died inside a write, so an odd sequence is taken as the start of ours.
  std::uint64_t begin_write() {
    const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed) | 1U;
    sequence_.store(sequence, std::memory_order_relaxed);
    return sequence;
  }
  // What it has stored there itself.
  [[nodiscard]] std::uint64_t own_word(std::size_t index) const {
    return words_[index].load(std::memory_order_relaxed);
  }
  void store_word(std::size_t index, std::uint64_t word) {
    words_[index].store(word, std::memory_order_release);
  }
  void end_write(std::uint64_t sequence) {
    sequence_.store(sequence + 1, std::memory_order_release);
  }

  // Nothing when the writer was busy (or dead within a write) on each of the tries.
  [[nodiscard]] std::optional<Words> read() const {
    for (int attempt = 0; attempt < kMaxReadAttempts; ++attempt) {
      const std::uint64_t before = sequence_.load(std::memory_order_acquire);
      Words words;
      for (std::size_t i = 0; i < kWords; ++i) {
        words[i] = words_[i].load(std::memory_order_acquire);
      }
      if ((before & 1U) == 0 && sequence_.load(std::memory_order_relaxed) == before) {
        return words;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr int kMaxReadAttempts = 100;

  std::atomic<std::uint64_t> sequence_{0};
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace prefork::ipc
