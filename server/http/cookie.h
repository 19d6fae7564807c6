// Reads the cookies a client sent (RFC 6265 sections 4.2.1 and 5.4) from all Cookie fields. Lenient
// towards separators and values, strict about names: a piece without "=" or whose name is no token
// is passed over. Views point into the fields. Any bytes may come in; time is linear.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

struct Cookie {
  std::string_view name;
  std::string_view value;  // without one pair of quotes around it; not decoded
};

class CookieReader {
 public:
  explicit CookieReader(std::span<const Field> fields) noexcept : fields_(fields) {}

  // The next one, in the order they came, or nothing at the end.
  std::optional<Cookie> next() noexcept;

 private:
  std::span<const Field> fields_;  // those not begun yet
  std::string_view rest_;          // of the field begun
};

// The first of that name (names have case): clients put the one of the longest path first.
std::optional<std::string_view> find_cookie(std::span<const Field> fields,
                                            std::string_view name) noexcept;

}  // namespace prefork::http
