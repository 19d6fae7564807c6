// The name of a thread as the kernel has it (PR_SET_NAME in prctl(2)), in shared memory. One
// writer at a time, which may be a signal handler.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

namespace prefork::ipc {

class ThreadName {
 public:
  using Text = std::array<char, 16>;

  void set(const Text& text) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), text.data(), text.size());
    words_[0].store(words[0], std::memory_order_release);
    words_[1].store(words[1], std::memory_order_release);
  }
  [[nodiscard]] std::string get() const {
    const std::array<std::uint64_t, 2> words = {words_[0].load(std::memory_order_acquire),
                                                words_[1].load(std::memory_order_acquire)};
    Text text;
    std::memcpy(text.data(), words.data(), text.size());
    return {text.data(), ::strnlen(text.data(), text.size())};
  }

 private:
  std::array<std::atomic<std::uint64_t>, 2> words_{};
};

}  // namespace prefork::ipc
