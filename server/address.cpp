#include "server/address.h"

#include <algorithm>

#include "config/text.h"

namespace prefork {
namespace {

AddressFamily family_of(const PeerAddress& peer) {
  switch (peer.family) {
    case PeerAddress::Family::ipv4:
      return AddressFamily::ipv4;
    case PeerAddress::Family::ipv6:
      return AddressFamily::ipv6;
    case PeerAddress::Family::local:
      return AddressFamily::unix_socket;
    case PeerAddress::Family::unknown:
      break;
  }
  return AddressFamily::unknown;
}

bool is_hidden_port(std::string_view text) {
  return text.size() > 1 && text.front() == '_' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' ||
                  c == '_' || c == '-';
         });
}

// `port` is what stands behind the address: nothing, or a colon and a port.
std::optional<PeerAddress> parse_address_and_port(std::string_view address, std::string_view port) {
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

std::optional<PeerAddress> parse_address(std::string_view text) {
  PeerAddress peer;
  const auto family = parse_ip(text, peer.bytes);
  if (!family) {
    return std::nullopt;
  }
  peer.family =
      *family == AddressFamily::ipv4 ? PeerAddress::Family::ipv4 : PeerAddress::Family::ipv6;
  return peer;
}

std::optional<PeerAddress> parse_node(std::string_view text) {
  if (text == "unix:") {
    PeerAddress peer;
    peer.family = PeerAddress::Family::local;
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
    if (!is_digit(c)) {
      return std::nullopt;
    }
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number <= kLargest ? std::optional(static_cast<std::uint16_t>(number)) : std::nullopt;
}

bool is_in(const PeerAddress& peer, const IpNetworks& networks) {
  return networks.contains(family_of(peer), peer.bytes);
}

}  // namespace prefork
