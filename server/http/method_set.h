// The methods that requests can have, numbered, and sets of them: what a path takes, for Allow.
// Values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

// Below 64. Methods with a name in Method have that number, the others follow.
using MethodNumber = std::uint8_t;
inline constexpr MethodNumber kNoMethod = 0xFF;

// kNoMethod for what no request ever has, because the parser answers it itself: tokens that llhttp
// does not know, and CONNECT. Methods are told apart by case: "get" is none.
MethodNumber method_number(std::string_view name);
MethodNumber method_number(const Request& request);
// Whether requests may have it, CONNECT among them: the others are answered with 501.
bool is_known_method(std::string_view name);
std::string_view method_name(MethodNumber method);

class MethodSet {
 public:
  void add(MethodNumber method) { bits_ |= std::uint64_t{1} << method; }
  void add(const MethodSet& other) { bits_ |= other.bits_; }
  [[nodiscard]] bool contains(MethodNumber method) const { return (bits_ >> method & 1) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  // As Allow has it: "OPTIONS, GET, HEAD". The order is always the same.
  [[nodiscard]] std::string to_text() const;

  bool operator==(const MethodSet&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace prefork::http
