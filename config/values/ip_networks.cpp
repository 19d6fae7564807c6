#include "config/values/ip_networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/base/config_error.h"
#include "config/base/number.h"
#include "config/base/text.h"

namespace prefork::config {
namespace {

constexpr std::string_view kEverybody = "*";
constexpr std::string_view kUnix = "unix";
constexpr std::string_view kNetworkForms =
    "use one as in 192.0.2.1, 10.0.0.0/8, ::1, fd00::/8, * or unix";

constexpr unsigned kIpv4Bits = 32;
constexpr unsigned kIpv6Bits = 128;
// ::ffff:0:0/96 of RFC 4291 section 2.5.5.2.
constexpr unsigned kMappedBits = 96;
constexpr std::array<std::uint8_t, kMappedBits / 8> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                                     0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const AddressBytes& bytes) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

AddressBytes unmapped(const AddressBytes& bytes) {
  AddressBytes ipv4{};
  std::copy(bytes.begin() + kMappedPrefix.size(), bytes.end(), ipv4.begin());
  return ipv4;
}

AddressBytes without_host_bits(AddressBytes bytes, unsigned prefix_bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept_bits = prefix_bits > i * 8 ? std::min(prefix_bits - i * 8, 8u) : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00u >> kept_bits));
  }
  return bytes;
}

std::string address_text(AddressFamily family, const AddressBytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family == AddressFamily::ipv4 ? AF_INET : AF_INET6, bytes.data(), text.data(),
            static_cast<socklen_t>(text.size()));
  return text.data();
}

Result<unsigned> parse_prefix(std::string_view network, std::string_view text, unsigned most) {
  const std::string range = "; use 0 to " + std::to_string(most);
  const auto number = parse_number(text);
  if (!number) {
    return Problem{in_quotes(network) + ": the prefix " + in_quotes(text) + " is not a number" +
                   range};
  }
  if (text.starts_with('-') || *number > std::int64_t{most}) {
    return Problem{in_quotes(network) + ": the prefix " + printable(text) + " is out of range" +
                   range};
  }
  return static_cast<unsigned>(*number);
}

}  // namespace

std::optional<AddressFamily> parse_ip(std::string_view text, AddressBytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> literal{};
  if (text.size() >= literal.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), literal.begin());
  bytes.fill(0);
  if (inet_pton(AF_INET, literal.data(), bytes.data()) == 1) return AddressFamily::ipv4;
  if (inet_pton(AF_INET6, literal.data(), bytes.data()) == 1) return AddressFamily::ipv6;
  return std::nullopt;
}

IpNetworks IpNetworks::loopback() {
  IpNetworks result;
  static_cast<void>(result.add("127.0.0.1,::1,unix"));  // as a test knows, it is fine
  return result;
}

Result<void> IpNetworks::add(std::string_view list) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (auto done = add_one(trim(list.substr(0, comma))); !done.ok()) return done;
    if (comma == list.npos) return {};
    list.remove_prefix(comma + 1);
  }
}

Result<void> IpNetworks::add_one(std::string_view text) {
  if (text == kEverybody) {
    has_everybody_ = true;
    return {};
  }
  if (text == kUnix) {
    has_unix_ = true;
    return {};
  }
  auto parsed = parse_network(text);
  if (!parsed.ok()) return parsed.problem();
  const Network& network = parsed.value();
  if (std::find(networks_.begin(), networks_.end(), network) != networks_.end()) {
    return {};
  }
  if (networks_.size() == kMaxIpNetworks) {
    return Problem{"more than " + std::to_string(kMaxIpNetworks) +
                   " addresses are given; join them into networks"};
  }
  networks_.push_back(network);
  return {};
}

Result<IpNetworks::Network> IpNetworks::parse_network(std::string_view text) {
  if (text.empty()) return Problem{std::string("an address is empty; ").append(kNetworkForms)};
  const std::size_t slash = text.find('/');
  Network network;
  const auto family = parse_ip(text.substr(0, slash), network.bytes);
  if (!family)
    return Problem{
        in_quotes(text).append(" is not an IP address or network; ").append(kNetworkForms)};
  network.family = *family;
  network.prefix_bits = *family == AddressFamily::ipv4 ? kIpv4Bits : kIpv6Bits;
  if (slash != text.npos) {
    auto prefix = parse_prefix(text, text.substr(slash + 1), network.prefix_bits);
    if (!prefix.ok()) return prefix.problem();
    network.prefix_bits = prefix.value();
  }
  const AddressBytes clean = without_host_bits(network.bytes, network.prefix_bits);
  if (clean != network.bytes) {
    network.bytes = clean;
    return Problem{in_quotes(text) + " has host bits set; use " + network.text()};
  }
  // Without host bits, so the prefix of a mapped one has kMappedBits at least.
  if (*family == AddressFamily::ipv6 && is_mapped(network.bytes)) {
    return Network{AddressFamily::ipv4, unmapped(network.bytes), network.prefix_bits - kMappedBits};
  }
  return network;
}

bool IpNetworks::contains(AddressFamily family, const AddressBytes& bytes) const {
  if (has_everybody_) return true;
  if (family == AddressFamily::unknown) return false;
  if (family == AddressFamily::unix_socket) return has_unix_;
  if (family == AddressFamily::ipv6 && is_mapped(bytes)) {
    return contains(AddressFamily::ipv4, unmapped(bytes));
  }
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return network.matches(family, bytes); });
}

std::vector<std::string> IpNetworks::texts() const {
  std::vector<std::string> texts;
  for (const Network& network : networks_) texts.push_back(network.text());
  if (has_unix_) texts.emplace_back(kUnix);
  if (has_everybody_) texts.emplace_back(kEverybody);
  return texts;
}

bool IpNetworks::Network::matches(AddressFamily peer_family, const AddressBytes& peer) const {
  if (peer_family != family) return false;
  const unsigned whole_bytes = prefix_bits / 8;
  if (std::memcmp(peer.data(), bytes.data(), whole_bytes) != 0) return false;
  const unsigned rest_bits = prefix_bits % 8;
  return rest_bits == 0 || ((peer[whole_bytes] ^ bytes[whole_bytes]) >> (8 - rest_bits)) == 0;
}

std::string IpNetworks::Network::text() const {
  const bool is_one = prefix_bits == (family == AddressFamily::ipv4 ? kIpv4Bits : kIpv6Bits);
  return address_text(family, bytes) + (is_one ? "" : "/" + std::to_string(prefix_bits));
}

}  // namespace prefork::config
