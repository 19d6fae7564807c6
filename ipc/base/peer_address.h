// Who is at the other end of a connection, in the fixed form that fits into shared memory and into
// messages between workers. A value; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace prefork::ipc {

struct PeerAddress {
  enum class Family : std::uint8_t { unknown = 0, ipv4 = 4, ipv6 = 6, local = 1 };

  Family family = Family::unknown;
  std::uint16_t port = 0;                // host byte order
  std::array<std::uint8_t, 16> bytes{};  // network byte order; IPv4 uses the first four
};

// "192.0.2.7:4711", "[2001:db8::1]:4711", "unix" or "unknown".
std::string to_string(const PeerAddress& peer);
// The same without allocation: what it has written into `room`.
using PeerText = std::array<char, 56>;
std::string_view write_text(const PeerAddress& peer, PeerText& room);
// Without the port: "192.0.2.7", "2001:db8::1", "unix" or "unknown".
std::string host_of(const PeerAddress& peer);
std::string_view write_host(const PeerAddress& peer, PeerText& room);

}  // namespace prefork::ipc
