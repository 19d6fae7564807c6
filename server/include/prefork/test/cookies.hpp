// The cookies that a TestClient has been given and sends again, as a browser does (RFC 6265): by
// path, until they expire. Secure and Domain are not looked at: a test speaks to one server, over
// no wire. One thread.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

class TestCookies {
 public:
  // Sets one by hand; `path`: for requests to it and below it.
  void set(std::string_view name, std::string_view value, std::string_view path = "/") {
    erase(name, path);
    cookies_.push_back({std::string(name), std::string(value), std::string(path)});
  }
  // The value of the first of that name. Nothing: there is none.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const {
    for (const Cookie& cookie : cookies_) {
      if (cookie.name == name) {
        return cookie.value;
      }
    }
    return std::nullopt;
  }
  void clear() { cookies_.clear(); }
  [[nodiscard]] std::size_t size() const { return cookies_.size(); }

  // For TestClient: takes in a Set-Cookie field of an answer to a request for `target`.
  void take(std::string_view field, std::string_view target) {
    const std::string_view pair = next(field);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return;
    }
    std::string path = folder_of(target);
    bool is_over = false;
    bool has_age = false;
    while (!field.empty()) {
      const std::string_view attribute = next(field);
      const std::size_t at = std::min(attribute.find('='), attribute.size());
      const std::string_view name = detail::trimmed(attribute.substr(0, at));
      const std::string value(
          detail::trimmed(attribute.substr(at < attribute.size() ? at + 1 : attribute.size())));
      if (detail::same_ignoring_case(name, "path") && value.starts_with('/')) {
        path = value;
      } else if (detail::same_ignoring_case(name, "max-age")) {
        has_age = true;
        is_over = std::strtol(value.c_str(), nullptr, 10) <= 0;
      } else if (detail::same_ignoring_case(name, "expires") && !has_age) {
        is_over = is_past(value);
      }
    }
    const std::string_view name = detail::trimmed(pair.substr(0, equals));
    erase(name, path);
    if (!is_over) {
      set(name, detail::trimmed(pair.substr(equals + 1)), path);
    }
  }
  // For TestClient: the value of Cookie for a request; empty: there is none to send.
  [[nodiscard]] std::string to_send(std::string_view target) const {
    const std::string_view path = target.substr(0, target.find('?'));
    std::string field;
    for (const Cookie& cookie : cookies_) {
      if (matches(path, cookie.path)) {
        field += (field.empty() ? "" : "; ") + cookie.name + "=" + cookie.value;
      }
    }
    return field;
  }

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string path;
  };

  void erase(std::string_view name, std::string_view path) {
    std::erase_if(cookies_,
                  [&](const Cookie& cookie) { return cookie.name == name && cookie.path == path; });
  }
  static std::string_view next(std::string_view& field) {
    const std::string_view part = field.substr(0, field.find(';'));
    field.remove_prefix(part.size() < field.size() ? part.size() + 1 : field.size());
    return part;
  }
  // RFC 6265 section 5.1.4.
  static std::string folder_of(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
  }
  static bool matches(std::string_view path, std::string_view of_cookie) {
    return path.starts_with(of_cookie) &&
           (path.size() == of_cookie.size() || of_cookie.ends_with('/') ||
            path[of_cookie.size()] == '/');
  }
  static bool is_past(const std::string& date) {
    tm at{};
    return ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S", &at) != nullptr &&
           ::timegm(&at) <= ::time(nullptr);
  }

  std::vector<Cookie> cookies_;
};

}  // namespace v1
}  // namespace prefork
