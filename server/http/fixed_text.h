// Short text of a known greatest length (a date, an entity tag), built without allocation and
// returned by value. Appending more than the capacity is a broken invariant and aborts. A view()
// ends with the object it was taken from.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace prefork::http {

template <std::size_t kCapacity>
class FixedText {
 public:
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

  FixedText& append(std::string_view text) noexcept {
    if (text.size() > kCapacity - size_) {
      std::abort();
    }
    if (!text.empty()) {
      std::memcpy(text_.data() + size_, text.data(), text.size());
      size_ += text.size();
    }
    return *this;
  }

  FixedText& append_number(std::uint64_t number, int base = 10) noexcept {
    const auto [end, error] =
        std::to_chars(text_.data() + size_, text_.data() + kCapacity, number, base);
    if (error != std::errc()) {
      std::abort();
    }
    size_ = static_cast<std::size_t>(end - text_.data());
    return *this;
  }

  // With zeros in front; `number` must fit into that many digits.
  FixedText& append_padded(unsigned number, std::size_t digits) noexcept {
    if (digits > kCapacity - size_) {
      std::abort();
    }
    for (std::size_t i = digits; i-- > 0; number /= 10) {
      text_[size_ + i] = static_cast<char>('0' + number % 10);
    }
    size_ += digits;
    return *this;
  }

 private:
  std::array<char, kCapacity> text_;  // the first size_ of them
  std::size_t size_ = 0;
};

}  // namespace prefork::http
