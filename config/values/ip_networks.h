// A list of who is meant: IPv4 and IPv6 addresses and networks, everybody (`*`), and peers on Unix
// sockets (`unix`). A plain value, made at the start and only read afterwards, by any thread. The
// lookup allocates nothing and takes addresses as bytes, so that nobody needs this folder's types.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"

namespace prefork::config {

enum class AddressFamily : std::uint8_t { unknown, unix_socket, ipv4, ipv6 };

// In network byte order; IPv4 uses the first four.
using AddressBytes = std::array<std::uint8_t, 16>;

// An IP literal without port, brackets or zone; numbers without leading zeros. Nothing when it is
// none, and `bytes` is then undefined.
std::optional<AddressFamily> parse_ip(std::string_view text, AddressBytes& bytes);

class IpNetworks {
 public:
  // What nobody but this machine can be: 127.0.0.1, ::1 and peers on Unix sockets.
  static IpNetworks loopback();

  // Adds what a list with commas names, or says what is wrong with it. Twice is once.
  Result<void> add(std::string_view list);

  // An IPv4 peer of a dual-stack socket (::ffff:192.0.2.1) is an IPv4 peer: IPv4 networks match it
  // and IPv6 networks do not. A peer of unknown family is only in `*`.
  bool contains(AddressFamily family, const AddressBytes& bytes) const;

  // Each in the form that add() accepts; a mapped network comes back as the IPv4 one it is.
  std::vector<std::string> texts() const;

  bool operator==(const IpNetworks&) const = default;

 private:
  struct Network {
    AddressFamily family = AddressFamily::ipv4;
    AddressBytes bytes{};
    unsigned prefix_bits = 0;

    bool matches(AddressFamily peer_family, const AddressBytes& peer) const;
    std::string text() const;
    bool operator==(const Network&) const = default;
  };

  static Result<Network> parse_network(std::string_view text);
  Result<void> add_one(std::string_view text);

  std::vector<Network> networks_;
  bool has_everybody_ = false;
  bool has_unix_ = false;
};

// Every request behind a proxy may look through the whole list.
inline constexpr std::size_t kMaxIpNetworks = 1024;

}  // namespace prefork::config
