#include "server/http/address.h"

#include <algorithm>

#include "config/base/text.h"

namespace prefork::http {
namespace {

config::AddressFamily family_of(const ipc::PeerAddress& peer) {
  switch (peer.family) {
    case ipc::PeerAddress::Family::ipv4:
      return config::AddressFamily::ipv4;
    case ipc::PeerAddress::Family::ipv6:
      return config::AddressFamily::ipv6;
    case ipc::PeerAddress::Family::local:
      return config::AddressFamily::unix_socket;
    case ipc::PeerAddress::Family::unknown:
      break;
  }
  return config::AddressFamily::unknown;
}

bool is_hidden_port(std::string_view text) {
  return text.size() > 1 && text.front() == '_' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return config::is_digit(c) ||
                  (config::to_lower(c) >= 'a' && config::to_lower(c) <= 'z') || c == '.' ||
                  c == '_' || c == '-';
         });
}

// `port` is what stands behind the address: nothing, or a colon and a port.
std::optional<ipc::PeerAddress> parse_address_and_port(std::string_view address,
                                                       std::string_view port) {
  auto peer = parse_address(address);
  if (!peer || port.empty()) {
    return peer;
  }
  if (port.front() != ':') {
    return std::nullopt;
  }
  port.remove_prefix(1);
  if (is_hidden_port(port)) {
    return peer;
  }
  const auto number = parse_port_number(port);
  if (!number) {
    return std::nullopt;
  }
  peer->port = *number;
  return peer;
}

}  // namespace

std::optional<ipc::PeerAddress> parse_address(std::string_view text) {
  ipc::PeerAddress peer;
  const auto family = config::parse_ip(text, peer.bytes);
  if (!family) {
    return std::nullopt;
  }
  peer.family = *family == config::AddressFamily::ipv4 ? ipc::PeerAddress::Family::ipv4
                                                       : ipc::PeerAddress::Family::ipv6;
  return peer;
}

std::optional<ipc::PeerAddress> parse_node(std::string_view text) {
  if (text == "unix:") {
    ipc::PeerAddress peer;
    peer.family = ipc::PeerAddress::Family::local;
    return peer;
  }
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos) {
      return std::nullopt;
    }
    const std::string_view inside = text.substr(1, bracket - 1);
    const bool is_ipv6 = inside.find(':') != inside.npos;
    return is_ipv6 ? parse_address_and_port(inside, text.substr(bracket + 1)) : std::nullopt;
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos) {
    return parse_address(text);
  }
  return parse_address_and_port(text.substr(0, colon), text.substr(colon));
}

std::optional<std::uint16_t> parse_port_number(std::string_view text) {
  constexpr std::size_t kMostDigits = 5;
  constexpr unsigned kLargest = 65'535;
  if (text.empty() || text.size() > kMostDigits || (text.front() == '0' && text.size() > 1)) {
    return std::nullopt;
  }
  unsigned number = 0;
  for (const char c : text) {
    if (!config::is_digit(c)) {
      return std::nullopt;
    }
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number <= kLargest ? std::optional(static_cast<std::uint16_t>(number)) : std::nullopt;
}

bool is_in(const ipc::PeerAddress& peer, const config::IpNetworks& networks) {
  return networks.contains(family_of(peer), peer.bytes);
}

}  // namespace prefork::http
