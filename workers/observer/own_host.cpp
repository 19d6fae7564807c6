#include "workers/observer/own_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace prefork::observer {

namespace {

constexpr std::string_view kLocalhost = "localhost";

bool is_equal(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

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

std::string name_of_machine() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

bool is_own_host(std::string_view host) {
  const std::string_view name = without_port(host);
  if (name.empty() || is_equal(name, kLocalhost) || is_address(std::string(name))) {
    return true;
  }
  // RFC 6761, 6.3: names below it lead to this machine too, and to no other.
  if (name.size() > kLocalhost.size() + 1 && name[name.size() - kLocalhost.size() - 1] == '.' &&
      is_equal(name.substr(name.size() - kLocalhost.size()), kLocalhost)) {
    return true;
  }
  return is_equal(name, name_of_machine());
}

bool has_only_own_hosts(const config::AdminOptions& admin) {
  if (!admin.address || admin.address->kind != config::Bind::Kind::tcp) {
    return false;
  }
  const std::string& host = admin.address->host;
  return host.starts_with("127.") || host == "::1" || is_equal(host, kLocalhost);
}

}  // namespace prefork::observer
