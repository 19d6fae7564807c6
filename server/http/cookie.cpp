#include "server/http/cookie.h"

#include "config/base/text.h"

namespace prefork::http {
namespace {

std::optional<Cookie> parse_pair(std::string_view text) noexcept {
  if (text.find('=') == std::string_view::npos) {
    return std::nullopt;
  }
  Cookie cookie;
  cookie.name = config::trim(config::take_until(text, '='));
  cookie.value = config::trim(text);
  if (!config::is_token(cookie.name)) {
    return std::nullopt;
  }
  if (cookie.value.size() >= 2 && cookie.value.front() == '"' && cookie.value.back() == '"') {
    cookie.value = cookie.value.substr(1, cookie.value.size() - 2);
  }
  return cookie;
}

}  // namespace

std::optional<Cookie> CookieReader::next() noexcept {
  while (!rest_.empty() || !fields_.empty()) {
    if (rest_.empty()) {
      if (config::equals_ignoring_case(fields_.front().name, "cookie")) {
        rest_ = fields_.front().value;
      }
      fields_ = fields_.subspan(1);
    } else if (const auto cookie = parse_pair(config::take_until(rest_, ';'))) {
      return cookie;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(std::span<const Field> fields,
                                            std::string_view name) noexcept {
  CookieReader reader(fields);
  while (const auto cookie = reader.next()) {
    if (cookie->name == name) {
      return cookie->value;
    }
  }
  return std::nullopt;
}

}  // namespace prefork::http
