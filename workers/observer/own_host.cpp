#include "workers/observer/own_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "config/base/text.h"

namespace prefork::observer {

namespace {

constexpr std::string_view kLocalhost = "localhost";

bool is_address(const std::string& text) {
  in_addr ipv4{};
  in6_addr ipv6{};
  return ::inet_pton(AF_INET, text.c_str(), &ipv4) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &ipv6) == 1;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == host.npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

// In lower case.
std::string name_of_machine() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  std::ranges::transform(name, name.begin(), config::to_lower);
  return name.data();
}

}  // namespace

bool is_own_host(std::string_view host) {
  const std::string_view name = without_port(host);
  if (name.empty() || config::equals_ignoring_case(name, kLocalhost) ||
      is_address(std::string(name))) {
    return true;
  }
  // RFC 6761, 6.3: names below it lead to this machine too, and to no other.
  if (name.size() > kLocalhost.size() + 1 && name[name.size() - kLocalhost.size() - 1] == '.' &&
      config::equals_ignoring_case(name.substr(name.size() - kLocalhost.size()), kLocalhost)) {
    return true;
  }
  return config::equals_ignoring_case(name, name_of_machine());
}

bool has_only_own_hosts(const config::AdminOptions& admin) {
  if (!admin.address) {
    return false;
  }
  if (admin.address->kind == config::Bind::Kind::unix_path) {
    return true;
  }
  const std::string& host = admin.address->host;
  return host.starts_with("127.") || host == "::1" ||
         config::equals_ignoring_case(host, kLocalhost);
}

}  // namespace prefork::observer
