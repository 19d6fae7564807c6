#include "config/values/collector_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDefaultPath = "/v1/traces";
constexpr std::uint16_t kHttpPort = 80;

bool is_address(int family, const std::string& text) {
  in6_addr room{};
  return ::inet_pton(family, text.c_str(), &room) == 1;
}

// "127.0.0.1", "localhost" or "[::1]"; nothing: none of them.
std::optional<std::string> address_of(std::string_view host) {
  if (host == "localhost") return "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string inner(host.substr(1, host.size() - 2));
    return is_address(AF_INET6, inner) ? std::optional(inner) : std::nullopt;
  }
  const std::string plain(host);
  return is_address(AF_INET, plain) ? std::optional(plain) : std::nullopt;
}

}  // namespace

Result<CollectorUrl> parse_collector_url(std::string_view text) {
  const Problem refused{in_quotes(text) +
                        " is no collector; use http://ADDRESS:PORT/v1/traces with a numeric "
                        "address or localhost"};
  if (!text.starts_with(kScheme)) return refused;
  std::string_view rest = text.substr(kScheme.size());
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    return refused;
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  CollectorUrl url;
  url.host = rest.substr(0, slash);
  url.path = slash == rest.size() ? kDefaultPath : rest.substr(slash);
  url.port = kHttpPort;
  std::string_view host = url.host;
  if (const std::size_t colon = host.rfind(':');
      colon != host.npos && host.find(']', colon) == host.npos) {
    const auto port = parse_number(host.substr(colon + 1));
    if (!port || *port < 1 || *port > std::numeric_limits<std::uint16_t>::max()) return refused;
    url.port = static_cast<std::uint16_t>(*port);
    host = host.substr(0, colon);
  }
  const auto address = address_of(host);
  if (!address) return refused;
  url.address = *address;
  return url;
}

}  // namespace prefork::config
