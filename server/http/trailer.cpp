#include "server/http/trailer.h"

#include <algorithm>
#include <array>

#include "config/base/text.h"
#include "server/http/field_list.h"

namespace prefork::http {

namespace {

constexpr std::array<std::string_view, 42> kOnlyInHead = {
    // Framing and routing.
    "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
    "upgrade", "te", "trailer", "host", "forwarded", "via", "max-forwards",
    // Modifiers of requests.
    "expect", "range", "cache-control", "pragma", "accept-ranges",
    // Authentication and cookies.
    "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate",
    "authentication-info", "proxy-authentication-info", "set-cookie", "cookie",
    // Control data of responses.
    "age", "allow", "date", "expires", "location", "retry-after", "vary", "warning", "server",
    "last-modified",
    // How the content is read.
    "content-encoding", "content-type", "content-range", "content-disposition", "content-language",
    "content-location", "content-security-policy"};

}  // namespace

const char* trailer_problem(std::string_view name, std::string_view value) {
  if (const char* problem = field_problem(name, value)) {
    return problem;
  }
  const bool is_condition = config::equals_ignoring_case(name.substr(0, 3), "if-");
  const bool is_only_in_head =
      is_condition || std::any_of(kOnlyInHead.begin(), kOnlyInHead.end(), [name](auto known) {
        return config::equals_ignoring_case(name, known);
      });
  return is_only_in_head ? "a field that belongs into the head" : nullptr;
}

}  // namespace prefork::http
