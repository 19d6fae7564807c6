// Which pages of other origins may use the application (the Fetch standard's CORS protocol); see
// RouteList::cors. Plain value.
#pragma once

#include <prefork/cxx20.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

struct Cors {
  std::vector<std::string> origins{};  // as browsers send them: "https://shop.example"; or "*"
  bool credentials = false;            // cookies and the like may come along; not with "*"
  std::vector<std::string> methods{};  // of those that the path has; empty: all of them
  std::vector<std::string> headers{};  // that requests may have; empty: those they ask for
  std::vector<std::string> exposed{};  // fields of answers that pages may read
  std::chrono::seconds max_age{600};   // how long browsers may remember what a preflight said

  // For the layer below. Throws std::invalid_argument, which says what is wrong.
  void check() const;
  // For the layer below. A browser asks before it sends a request that a form could not send.
  static bool is_preflight(const Request& request) {
    return request.method() == "OPTIONS" && request.header("Origin") &&
           request.header("Access-Control-Request-Method");
  }
  // For the layer below. `response` is the server's, to OPTIONS of a path: 204 with Allow.
  void answer_preflight(Response& response, const Request& request) const;
  // For the layer below: what each answer says.
  void add_to(Response& response, const Request& request) const;

 private:
  [[nodiscard]] bool is_for_all() const { return origins.size() == 1 && origins.front() == "*"; }
  [[nodiscard]] bool allows(std::string_view origin) const {
    return is_for_all() || has(origins, origin);
  }
  static bool has(const std::vector<std::string>& texts, std::string_view text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  }
  static std::string join(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) {
      list.append(list.empty() ? "" : ", ").append(text);
    }
    return list;
  }
  // "OPTIONS, GET, HEAD"
  static std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> texts;
    while (!list.empty()) {
      const std::string_view text = list.substr(0, list.find(','));
      list.remove_prefix(std::min(text.size() + 1, list.size()));
      texts.emplace_back(detail::trimmed(text));
    }
    return texts;
  }
  static bool is_origin(std::string_view text) {
    const std::size_t host = text.find("://");
    return host != std::string_view::npos && host != 0 && host + 3 < text.size() &&
           text.find_first_of("/?#@*, \t\r\n", host + 3) == std::string_view::npos;
  }
  static void check_tokens(const std::vector<std::string>& tokens, const std::string& what) {
    for (const std::string& token : tokens) {
      if (token.empty() ||
          token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                                  "VWXYZ0123456789!#$%&'*+-.^_`|~") != std::string::npos) {
        throw std::invalid_argument("cors(): '" + token + "' is no name of a " + what);
      }
    }
  }
};

inline void Cors::check() const {
  if (origins.empty()) {
    throw std::invalid_argument("cors(): no origin; name some, or \"*\" for all");
  }
  for (const std::string& origin : origins) {
    if (!is_for_all() && !is_origin(origin)) {
      throw std::invalid_argument("cors(): '" + origin +
                                  "' is no origin as browsers send it, such as "
                                  "https://shop.example or http://localhost:3000");
    }
  }
  if (credentials && is_for_all()) {
    throw std::invalid_argument(
        "cors(): credentials are for origins that are named, not for \"*\"");
  }
  if (max_age.count() < 0) {
    throw std::invalid_argument("cors(): max_age is below 0");
  }
  check_tokens(methods, "method");
  check_tokens(headers, "field");
  check_tokens(exposed, "field");
}

inline void Cors::answer_preflight(Response& response, const Request& request) const {
  const auto allow = response.header("Allow");
  if (!is_preflight(request) || response.status() != 204 || !allow ||
      !allows(*request.header("Origin"))) {
    return;
  }
  std::vector<std::string> allowed = split(*allow);
  std::erase_if(allowed, [this](const std::string& method) {
    return !methods.empty() && !has(methods, method);
  });
  if (!has(allowed, *request.header("Access-Control-Request-Method"))) {
    response.status(405);
    return;
  }
  response.header("Access-Control-Allow-Methods", join(allowed));
  const auto asked = request.header("Access-Control-Request-Headers");
  if (!headers.empty()) {
    response.header("Access-Control-Allow-Headers", join(headers));
  } else if (asked) {
    response.header("Access-Control-Allow-Headers", *asked);
  }
  response.header("Access-Control-Max-Age", std::to_string(max_age.count()));
}

inline void Cors::add_to(Response& response, const Request& request) const {
  // A cache must not give one origin what was meant for another.
  const auto vary = response.header("Vary");
  if (!vary || std::ranges::none_of(split(*vary), [](const std::string& name) {
        return name == "*" || detail::same_ignoring_case(name, "Origin");
      })) {
    response.add_header("Vary", "Origin");
  }
  const auto origin = request.header("Origin");
  if (!origin || !allows(*origin) || response.header("Access-Control-Allow-Origin")) {
    return;
  }
  response.header("Access-Control-Allow-Origin", is_for_all() ? "*" : *origin);
  if (credentials) {
    response.header("Access-Control-Allow-Credentials", "true");
  }
  if (!exposed.empty()) {
    response.header("Access-Control-Expose-Headers", join(exposed));
  }
}

}  // namespace v1
}  // namespace prefork
