// Cookies (RFC 6265bis): what a response sets, with its attributes, and all that a request brings;
// one of a name is Request::cookie. Plain values; any thread.
//
//   return prefork::text("hello").set_cookie({.name = "theme", .value = "dark", .max_age = 24h});
//
// What a browser would drop without a word is refused with std::invalid_argument, which says why.
#pragma once

#include <prefork/cxx20.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Which requests that come from other sites bring the cookie (RFC 6265bis section 5.6.7): none;
// those that go to a page, by GET; all, which browsers take only together with Secure.
enum class SameSite { strict, lax, none };

// The defaults are the careful ones: no script sees it, and no other site's form sends it.
struct Cookie {
  std::string name{};  // a token; case counts
  // No control character, white space, comma, semicolon and backslash, and quotes only around it:
  // what may have them has to be encoded, or signed (see session.hpp), which encodes it.
  std::string value{};
  std::string path = "/";  // and all below it; empty: the folder of the request's path
  std::string domain{};    // "example.com", and all below it; empty: this host alone
  // How long it is kept; browsers keep none longer than 400 days. Nothing: until the browser ends.
  // 0 or less: the browser forgets it now.
  std::optional<std::chrono::seconds> max_age{};
  std::optional<SameSite> same_site = SameSite::lax;  // nothing: as the browser likes
  bool http_only = true;                              // hidden from scripts
  bool secure = false;  // over https alone; browsers take http://localhost for that, Safari not
  bool partitioned = false;  // one for each site that embeds this one (CHIPS)
};

// Of a request; views that end with it.
struct CookiePair {
  std::string_view name;
  std::string_view value;
};

namespace detail {

inline constexpr std::size_t kMaxCookieBytes = 4096;     // name and value together
inline constexpr std::size_t kMaxAttributeBytes = 1024;  // of a path, of a domain

inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

inline bool is_cookie_value(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

inline bool is_cookie_path(std::string_view path) {
  return path.empty() || (path.front() == '/' && path.size() <= kMaxAttributeBytes &&
                          std::all_of(path.begin(), path.end(),
                                      [](char c) { return c >= ' ' && c < '\x7F' && c != ';'; }));
}

inline bool is_cookie_domain(std::string_view domain) {
  const auto is_letter_or_digit = [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
  };
  return domain.empty() ||
         (domain.size() <= kMaxAttributeBytes && is_letter_or_digit(domain.front()) &&
          is_letter_or_digit(domain.back()) &&
          std::all_of(domain.begin(), domain.end(),
                      [&](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; }));
}

inline bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && same_ignoring_case(text.substr(0, start.size()), start);
}

// Why browsers would not take it; null: they would.
inline const char* cookie_problem(const Cookie& cookie) {
  const auto host_prefix = [&] { return starts_ignoring_case(cookie.name, "__Host-"); };
  if (!is_token(cookie.name)) {
    return "its name is no token (RFC 9110 section 5.6.2)";
  }
  if (!is_cookie_value(cookie.value)) {
    return "its value has a control character, white space, a quote, comma, semicolon or backslash"
           " in it, or is not ASCII: it has to be encoded";
  }
  if (cookie.name.size() + cookie.value.size() > kMaxCookieBytes) {
    return "name and value have more than 4096 bytes, which browsers drop";
  }
  if (!is_cookie_path(cookie.path)) {
    return "its path does not begin with a slash, is longer than 1024 bytes, is not ASCII, or has a"
           " control character or semicolon in it";
  }
  if (!is_cookie_domain(cookie.domain)) {
    return "its domain is no name of a host";
  }
  if (!cookie.secure) {
    return cookie.same_site == SameSite::none               ? "SameSite=None needs Secure"
           : cookie.partitioned                             ? "Partitioned needs Secure"
           : host_prefix()                                  ? "the prefix __Host- needs Secure"
           : starts_ignoring_case(cookie.name, "__Secure-") ? "the prefix __Secure- needs Secure"
                                                            : nullptr;
  }
  if (host_prefix() && (cookie.path != "/" || !cookie.domain.empty())) {
    return "the prefix __Host- needs the path / and no domain";
  }
  return nullptr;
}

// The value of an attribute in the text of a Set-Cookie; nothing: it has none of that name.
inline std::optional<std::string_view> cookie_attribute(std::string_view text,
                                                        std::string_view name) {
  for (std::size_t at = text.find("; "); at != std::string_view::npos;) {
    text.remove_prefix(at + 2);
    at = text.find("; ");
    const std::string_view attribute = text.substr(0, at);
    if (attribute.size() > name.size() && attribute[name.size()] == '=' &&
        starts_ignoring_case(attribute, name)) {
      return attribute.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// Whether two texts of Set-Cookie are of one cookie: then the later one is what counts.
inline bool is_same_cookie(std::string_view a, std::string_view b) {
  return a.substr(0, a.find('=')) == b.substr(0, b.find('=')) &&
         cookie_attribute(a, "Path") == cookie_attribute(b, "Path") &&
         cookie_attribute(a, "Domain") == cookie_attribute(b, "Domain");
}

}  // namespace detail

// The value of Set-Cookie for it (RFC 6265bis section 4.1). Throws std::invalid_argument.
inline std::string cookie_text(const Cookie& cookie) {
  if (const char* const problem = detail::cookie_problem(cookie)) {
    throw std::invalid_argument("cookie '" + cookie.name + "': " + problem);
  }
  std::string text = cookie.name + "=" + cookie.value;
  if (!cookie.path.empty()) {
    text.append("; Path=").append(cookie.path);
  }
  if (!cookie.domain.empty()) {
    text.append("; Domain=").append(cookie.domain);
  }
  if (cookie.max_age && cookie.max_age->count() > 0) {
    text.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
  } else if (cookie.max_age) {
    text.append("; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  }
  if (cookie.secure) {
    text.append("; Secure");
  }
  if (cookie.http_only) {
    text.append("; HttpOnly");
  }
  if (cookie.same_site) {
    text.append(*cookie.same_site == SameSite::strict ? "; SameSite=Strict"
                : *cookie.same_site == SameSite::lax  ? "; SameSite=Lax"
                                                      : "; SameSite=None");
  }
  return cookie.partitioned ? text.append("; Partitioned") : text;
}

// Those of a request (RFC 6265 section 5.4), in the order they came.
inline std::vector<CookiePair> cookies(const Request& request) {
  std::vector<CookiePair> all;
  for (std::size_t i = 0; i < request.header_count(); ++i) {
    const Field field = request.header(i);
    if (!detail::same_ignoring_case(field.name, "cookie")) {
      continue;
    }
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos) {
        all.push_back(
            {detail::trimmed(pair.substr(0, equals)), detail::trimmed(pair.substr(equals + 1))});
      }
    }
  }
  return all;
}

// Of one name: a browser sends several when their paths or domains differ, the longer path first.
inline std::vector<std::string_view> cookies(const Request& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const CookiePair& cookie : cookies(request)) {
    if (cookie.name == name) {
      values.push_back(cookie.value);
    }
  }
  return values;
}

inline Response& Response::set_cookie(const Cookie& cookie) & {
  const std::string text = cookie_text(cookie);
  std::erase_if(fields_, [&text](const auto& field) {
    return detail::same_ignoring_case(field.first, "set-cookie") &&
           detail::is_same_cookie(field.second, text);
  });
  return add_header("Set-Cookie", text);
}

inline Response& Response::expire_cookie(Cookie cookie) & {
  cookie.value.clear();
  cookie.max_age = std::chrono::seconds(0);
  cookie.secure = cookie.secure || detail::starts_ignoring_case(cookie.name, "__Host-") ||
                  detail::starts_ignoring_case(cookie.name, "__Secure-");
  return set_cookie(cookie);
}

inline Response&& Response::set_cookie(const Cookie& cookie) && {
  return std::move(set_cookie(cookie));
}

inline Response&& Response::expire_cookie(Cookie cookie) && {
  return std::move(expire_cookie(std::move(cookie)));
}

}  // namespace v1
}  // namespace prefork
