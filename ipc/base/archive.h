// Values as bytes for another process of this machine, and back: what a field is follows from its
// place, so both sides name the fields in one function that takes either of the two as its
// `Archive`. Plain values, no descriptor and no allocation that the bytes could ask for in vain.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace prefork::ipc {

class ArchiveWriter {
 public:
  template <typename Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void operator()(const Number& number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_.append(text);
  }
  template <typename Item>
  std::size_t count_of(const std::vector<Item>& items) {
    (*this)(items.size());
    return items.size();
  }
  // Whether there is one; then it is passed next.
  template <typename Value>
  bool has(const std::optional<Value>& value) {
    (*this)(value.has_value());
    return value.has_value();
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Of bytes that may be anything: what is missing is read as zero. An enumerator is not checked.
class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : rest_(bytes) {}

  template <typename Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void operator()(Number& number) {
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
  }
  void operator()(bool& flag) { flag = take(sizeof flag).front() != 0; }
  void operator()(std::string& text) {
    std::size_t size = 0;
    (*this)(size);
    text = take(size);
  }
  template <typename Item>
  std::size_t count_of(std::vector<Item>& items) {
    std::size_t count = 0;
    (*this)(count);
    // Each has a byte at least.
    items.resize(count <= rest_.size() ? count : 0);
    is_whole_ = is_whole_ && count == items.size();
    return items.size();
  }
  template <typename Value>
  bool has(std::optional<Value>& value) {
    bool is_there = false;
    (*this)(is_there);
    value.reset();
    if (is_there) {
      value.emplace();
    }
    return is_there;
  }
  // All of it was read, and nothing was missing.
  [[nodiscard]] bool fits() const { return is_whole_ && rest_.empty(); }

 private:
  // Zeros, where there is not so much.
  std::string_view take(std::size_t size) {
    static constexpr char kZeros[sizeof(std::uint64_t)] = {};
    is_whole_ = is_whole_ && size <= rest_.size();
    if (!is_whole_) {
      return {kZeros, std::min(size, sizeof kZeros)};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool is_whole_ = true;
};

// Durations and points in time of the clock that the processes of a machine share.
template <typename Archive, typename Rep, typename Period>
void pass_time(Archive& archive, std::chrono::duration<Rep, Period>& duration) {
  Rep count = duration.count();
  archive(count);
  duration = std::chrono::duration<Rep, Period>(count);
}
template <typename Archive, typename Rep, typename Period>
void pass_time(Archive& archive, const std::chrono::duration<Rep, Period>& duration) {
  archive(duration.count());
}
template <typename Archive, typename Duration>
void pass_time(Archive& archive, std::chrono::time_point<std::chrono::steady_clock, Duration>& at) {
  Duration since = at.time_since_epoch();
  pass_time(archive, since);
  at = std::chrono::time_point<std::chrono::steady_clock, Duration>(since);
}
template <typename Archive, typename Duration>
void pass_time(Archive& archive,
               const std::chrono::time_point<std::chrono::steady_clock, Duration>& at) {
  pass_time(archive, at.time_since_epoch());
}

}  // namespace prefork::ipc
