// Sessions that live in a signed cookie: nothing of them is kept on the server, and every worker
// and machine with the same keys knows them. Needs OpenSSL's libcrypto as keys.hpp does, which also
// says what a signature is worth. app.hpp does not include this.
//
//   const prefork::Sessions sessions(prefork::Keys::from_file("keys"), {.max_age = 12h});
//   sessions.add_to(app);  // around every handler
//   app.post("/login", [](const prefork::Request& request) {
//     request.state<prefork::Session>().set("user", "alice");
//     return prefork::redirect("/", 303);
//   });
//
// A group for those who have logged in asks its guard, which finds the session open: a program gets
// a 401, which has to say how to log in (RFC 9110 section 15.5.2), and a browser the page for it.
//
//   auto& api = app.group("/api");
//   api.before([](const prefork::Request& request) {
//     if (!request.state<prefork::Session>().get("user")) {
//       throw prefork::Error(401, "log in first").header("WWW-Authenticate", "Cookie");
//     }
//   });
//   auto& pages = app.group("/board");
//   pages.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
//     if (request.state<prefork::Session>().get("user")) return std::nullopt;  // go on
//     return prefork::redirect("/login", 303);
//   });
//
// A session that was cleared is still valid until it expires, for who has kept its cookie: what
// must not come back (a logout everywhere, a balance) is kept elsewhere, under a number in the
// session.
//
// Forms of other sites come without it (SameSite=Lax): as long as no GET changes anything, this is
// what CSRF tokens are for. Scripts do not see it (HttpOnly). What was opened over https is sent
// back over https alone (Secure); over http, as on http://localhost, it works without.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/cookie.hpp>
#include <prefork/keys.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Texts with names, any bytes. All of it together has to find room in a cookie: some 2,900 bytes.
// One thread at a time.
class Session {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  // Without values: a new one.
  Session() = default;
  // For Sessions::open.
  Session(Values values, Keys::Clock::time_point opened, bool is_known, bool is_secure)
      : values_(std::move(values)), opened_(opened), is_known_(is_known), is_secure_(is_secure) {}

  // Nothing: it has none of that name. Ends with the next change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  [[nodiscard]] std::string get(std::string_view name, const char* otherwise) const {
    return std::string(get(name).value_or(otherwise));
  }
  void set(std::string_view name, std::string_view value) {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      values_.emplace(name, value);
    } else if (found->second == value) {
      return;
    } else {
      found->second = value;
    }
    is_changed_ = true;
  }
  void erase(std::string_view name) {
    const auto found = values_.find(name);
    if (found != values_.end()) {
      values_.erase(found);
      is_changed_ = true;
    }
  }
  // The browser is told to forget it.
  void clear() {
    is_changed_ = is_changed_ || !values_.empty();
    values_.clear();
  }
  // By name.
  [[nodiscard]] const Values& values() const { return values_; }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] bool is_changed() const { return is_changed_; }

  // For Sessions::save. When the cookie was signed; whether there was one; whether by https.
  [[nodiscard]] Keys::Clock::time_point opened() const { return opened_; }
  [[nodiscard]] bool is_known() const { return is_known_; }
  [[nodiscard]] bool is_secure() const { return is_secure_; }

 private:
  Values values_;
  Keys::Clock::time_point opened_;
  bool is_known_ = false;
  bool is_secure_ = false;
  bool is_changed_ = false;
};

struct SessionOptions {
  std::string cookie = "session";  // its name; with __Host- in front, for this host and https alone
  // After the last time that it was signed: when it changes, and once half of this is over.
  std::chrono::seconds max_age = std::chrono::hours(24 * 14);
  std::string path = "/";
  std::string domain{};
  SameSite same_site = SameSite::lax;
  std::optional<bool> secure{};  // nothing: as the request came, where the other options allow that
  bool partitioned = false;
};

namespace detail {

// Each text with its size in front: "4:user5:alice".
inline std::string to_session_text(const Session::Values& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    text.append(std::to_string(name.size())).append(":").append(name);
    text.append(std::to_string(value.size())).append(":").append(value);
  }
  return text;
}

inline std::optional<std::string_view> take_text(std::string_view& rest) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (error != std::errc() || digits == rest.size() || *end != ':' ||
      size > rest.size() - digits - 1) {
    return std::nullopt;
  }
  const std::string_view text = rest.substr(digits + 1, size);
  rest.remove_prefix(digits + 1 + size);
  return text;
}

// Nothing: it was signed, but is no session.
inline std::optional<Session::Values> from_session_text(std::string_view text) {
  Session::Values values;
  while (!text.empty()) {
    const std::optional<std::string_view> name = take_text(text);
    const std::optional<std::string_view> value = name ? take_text(text) : std::nullopt;
    if (!value) {
      return std::nullopt;
    }
    values.emplace(*name, *value);
  }
  return values;
}

}  // namespace detail

// Opens and saves the sessions of an application. Cheap to copy; any thread.
class Sessions {
 public:
  // Throws std::invalid_argument for options that make no cookie.
  explicit Sessions(Keys keys, SessionOptions options = {})
      : keys_(std::move(keys)),
        options_(std::make_shared<const SessionOptions>(std::move(options))) {
    if (options_->max_age.count() <= 0) {
      throw std::invalid_argument("session '" + options_->cookie + "': max_age is not above 0");
    }
    static_cast<void>(cookie_text(cookie_of(Session())));
  }

  // That of the request; a new one where it brings none that is signed and has not expired.
  [[nodiscard]] Session open(const Request& request,
                             Keys::Clock::time_point now = Keys::Clock::now()) const {
    const bool is_secure = request.scheme() == "https";
    const std::optional<std::string> text = keys_.verify(request, options_->cookie, now);
    std::optional<Session::Values> values;
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    const std::optional<std::string_view> opened = detail::take_text(rest);
    std::int64_t seconds = 0;
    if (opened && std::from_chars(opened->data(), opened->data() + opened->size(), seconds).ec ==
                      std::errc()) {
      values = detail::from_session_text(rest);
    }
    const bool is_known = values.has_value();
    return {is_known ? *std::move(values) : Session::Values(),
            Keys::Clock::time_point(std::chrono::seconds(seconds)), is_known, is_secure};
  }

  // Gives the browser what has changed, and makes it forget a session that is empty. Throws
  // std::length_error for one that has no room in a cookie.
  void save(const Session& session, Response& response,
            Keys::Clock::time_point now = Keys::Clock::now()) const {
    Cookie cookie = cookie_of(session);
    if (session.empty()) {
      if (session.is_known()) {
        response.expire_cookie(std::move(cookie));
      }
      return;
    }
    if (!session.is_changed() && now - session.opened() < options_->max_age / 2) {
      return;
    }
    const auto opened = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::string digits = std::to_string(opened);
    cookie.value =
        std::to_string(digits.size()) + ":" + digits + detail::to_session_text(session.values());
    cookie = keys_.sign(std::move(cookie), now);
    const std::size_t size = cookie.name.size() + cookie.value.size();
    if (size > detail::kMaxCookieBytes) {
      throw std::length_error("session '" + cookie.name + "': it takes " + std::to_string(size) +
                              " bytes as a cookie, and browsers keep 4096: put less into it");
    }
    response.set_cookie(cookie);
  }

  // For before(): opens the session, which is request.state<Session>() from then on.
  [[nodiscard]] auto reader() const {
    return [sessions = *this](const Request& request) -> std::optional<Response> {
      request.state<Session>() = sessions.open(request);
      return std::nullopt;
    };
  }
  // For after(): saves it.
  [[nodiscard]] auto writer() const {
    return [sessions = *this](const Request& request, Response& response) {
      if (const Session* const session = request.find_state<Session>()) {
        sessions.save(*session, response);
      }
    };
  }
  // Both, of an application or a group. A response that has begun before the session was changed,
  // as that of a deferred handler may, does not bring the change.
  template <typename Routes>
  void add_to(Routes& routes) const {
    routes.before(reader());
    routes.after(writer());
  }

 private:
  [[nodiscard]] Cookie cookie_of(const Session& session) const {
    const bool needs_secure = options_->same_site == SameSite::none || options_->partitioned ||
                              detail::starts_ignoring_case(options_->cookie, "__Host-") ||
                              detail::starts_ignoring_case(options_->cookie, "__Secure-");
    return {.name = options_->cookie,
            .path = options_->path,
            .domain = options_->domain,
            .max_age = options_->max_age,
            .same_site = options_->same_site,
            .http_only = true,
            .secure = options_->secure.value_or(needs_secure || session.is_secure()),
            .partitioned = options_->partitioned};
  }

  Keys keys_;
  std::shared_ptr<const SessionOptions> options_;
};

}  // namespace v1
}  // namespace prefork
