// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <chrono>
#include <string>
#include <string_view>

using std::chrono_literals::operator""h;

// Response: set_cookie, expire_cookie
prefork::Response choose_theme(const prefork::Request& request) {
  const std::string theme = request.query("theme", "dark");
  return prefork::text("it is " + theme + " from now on\n")
      .set_cookie({.name = "theme", .value = theme, .max_age = 24h, .secure = true})
      .expire_cookie({.name = "old_theme"});
}

// cookies
prefork::Response list_cookies(const prefork::Request& request) {
  std::string text;
  for (const prefork::CookiePair& cookie : prefork::cookies(request)) {
    text.append(cookie.name).append(" is ").append(cookie.value).append("\n");
  }
  for (const std::string_view theme : prefork::cookies(request, "theme")) {
    text.append("a theme: ").append(theme).append("\n");  // of the longest path first
  }
  return prefork::text(text);
}

// cookie_text
prefork::Response tell_cookie(const prefork::Request&) {
  // "language=en; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"
  return prefork::text(prefork::cookie_text(
      {.name = "language", .value = "en", .max_age = 1h, .same_site = prefork::SameSite::strict}));
}
