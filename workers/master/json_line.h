// Writes one object of JSON (RFC 8259) without a line break, for a line of the log. What is not
// UTF-8 becomes U+FFFD. The calls nest as what they write does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workers/master/stack_frames.h"

namespace prefork::master {

class JsonLine {
 public:
  void begin_object(std::string_view name = {}) { begin(name, '{'); }
  void end_object() { end('}'); }
  void begin_list(std::string_view name) { begin(name, '['); }
  void end_list() { end(']'); }
  // Cut after `limit` bytes.
  void text(std::string_view name, std::string_view value, std::size_t limit = kMaxTextBytes);
  void number(std::string_view name, std::uint64_t value);
  void flag(std::string_view name, bool value);
  void null(std::string_view name);
  // "0x1c2f4", for a JSON number need not have so many digits.
  void address(std::string_view name, std::uint64_t value);
  // With up to three digits behind the point.
  void milliseconds(std::string_view name, std::uint64_t nanoseconds);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kMaxTextBytes = 256;

  void begin(std::string_view name, char bracket);
  void end(char bracket);
  void next(std::string_view name);

  std::string text_;
  bool is_first_ = true;  // of its object or list
};

// As the list "stack", and how many frames are left out as "stack_more".
struct StackLimits {
  std::size_t frames = 0;
  std::size_t name_bytes = 0;
};
void add_stack(JsonLine& json, const std::vector<StackFrame>& stack, const StackLimits& limits);

}  // namespace prefork::master
