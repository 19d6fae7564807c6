#include "workers/master/json_line.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ipc/log/log_text.h"

namespace prefork::master {

void JsonLine::next(std::string_view name) {
  if (!is_first_) {
    text_ += ',';
  }
  is_first_ = false;
  if (!name.empty()) {
    text_.append("\"").append(name).append("\":");
  }
}

void JsonLine::begin(std::string_view name, char bracket) {
  next(name);
  text_ += bracket;
  is_first_ = true;
}

void JsonLine::end(char bracket) {
  text_ += bracket;
  is_first_ = false;
}

void JsonLine::text(std::string_view name, std::string_view value, std::size_t limit) {
  next(name);
  text_ += '"';
  ipc::append_json(text_, value, limit);
  text_ += '"';
}

void JsonLine::number(std::string_view name, std::uint64_t value) {
  next(name);
  ipc::append_number(text_, value);
}

void JsonLine::flag(std::string_view name, bool value) {
  next(name);
  text_ += value ? "true" : "false";
}

void JsonLine::null(std::string_view name) {
  next(name);
  text_ += "null";
}

void JsonLine::address(std::string_view name, std::uint64_t value) {
  std::array<char, 24> digits;
  std::snprintf(digits.data(), digits.size(), "0x%llx", static_cast<unsigned long long>(value));
  text(name, digits.data());
}

void JsonLine::milliseconds(std::string_view name, std::uint64_t nanoseconds) {
  const std::uint64_t us = nanoseconds / 1000;
  std::array<char, 8> digits;
  std::snprintf(digits.data(), digits.size(), ".%03u", static_cast<unsigned>(us % 1000));
  number(name, us / 1000);
  text_ += us % 1000 == 0 ? "" : digits.data();
}

void add_stack(JsonLine& json, const std::vector<StackFrame>& stack, const StackLimits& limits) {
  json.begin_list("stack");
  const std::size_t told = std::min(stack.size(), limits.frames);
  for (std::size_t i = 0; i < told; ++i) {
    const StackFrame& frame = stack[i];
    json.begin_object();
    if (!frame.symbol.function.empty()) {
      json.text("function", frame.symbol.function, limits.name_bytes);
    }
    if (!frame.symbol.place.empty()) {
      json.text("place", frame.symbol.place, limits.name_bytes);
    }
    if (frame.object.empty()) {
      json.address("address", frame.address);
    } else {
      json.text("object", frame.object, limits.name_bytes);
      json.address("offset", frame.offset);
    }
    json.end_object();
  }
  json.end_list();
  if (told < stack.size()) {
    json.number("stack_more", stack.size() - told);
  }
}

}  // namespace prefork::master
