#include "server/http/method_set.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace prefork::http {

namespace {

// First those of Method, in its order; then the other registered methods that the parser lets
// through (a test asks it).
constexpr std::array<std::string_view, 35> kMethods = {
    "GET",         "HEAD",       "POST",       "PUT",   "PATCH",    "DELETE", "OPTIONS",
    "TRACE",       "CONNECT",    "COPY",       "LOCK",  "MKCOL",    "MOVE",   "PROPFIND",
    "PROPPATCH",   "SEARCH",     "UNLOCK",     "BIND",  "REBIND",   "UNBIND", "ACL",
    "REPORT",      "MKACTIVITY", "CHECKOUT",   "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE",
    "UNSUBSCRIBE", "PURGE",      "MKCALENDAR", "LINK",  "UNLINK",   "SOURCE", "QUERY"};
constexpr std::size_t kNamedMethods = static_cast<std::size_t>(Method::other);
static_assert(kMethods[kNamedMethods - 1] == "CONNECT");

// CONNECT asks for a tunnel: the parser refuses it.
constexpr bool reaches_routes(std::string_view name) { return name != "CONNECT"; }

MethodNumber find_from(std::size_t first, std::string_view name) {
  for (std::size_t i = first; i < kMethods.size(); ++i) {
    if (kMethods[i] == name) {
      return reaches_routes(name) ? static_cast<MethodNumber>(i) : kNoMethod;
    }
  }
  return kNoMethod;
}

}  // namespace

MethodNumber method_number(std::string_view name) { return find_from(0, name); }

MethodNumber method_number(const Request& request) {
  return request.method == Method::other ? find_from(kNamedMethods, request.method_text)
                                         : static_cast<MethodNumber>(request.method);
}

bool is_known_method(std::string_view name) {
  // Most requests have this one; that is told without a call.
  if (name.size() == 3 && std::memcmp(name.data(), "GET", 3) == 0) {
    return true;
  }
  return std::find(kMethods.begin(), kMethods.end(), name) != kMethods.end();
}

std::string_view method_name(MethodNumber method) { return kMethods[method]; }

std::string MethodSet::to_text() const {
  constexpr auto kOptions = static_cast<MethodNumber>(Method::options);
  std::string text;
  if (contains(kOptions)) {
    text = method_name(kOptions);
  }
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    const auto method = static_cast<MethodNumber>(i);
    if (contains(method) && method != kOptions) {
      text.append(text.empty() ? "" : ", ").append(method_name(method));
    }
  }
  return text;
}

}  // namespace prefork::http
