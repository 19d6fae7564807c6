// Addresses of peers between text, allow lists and the form that the rest of the server keeps. Pure
// functions without allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/values/ip_networks.h"
#include "ipc/base/peer_address.h"

namespace prefork::http {

// An IP literal alone, with port 0.
std::optional<ipc::PeerAddress> parse_address(std::string_view text);

// What proxies write for a node: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1],
// [2001:db8::1]:4711, and `unix:` for a peer on a Unix socket. A port that RFC 7239 section 6.3
// lets a proxy hide (`_x`) is 0. Nothing for all else: a name, `unknown`, `_hidden`, nonsense.
std::optional<ipc::PeerAddress> parse_node(std::string_view text);

// 0 to 65535 without sign and without leading zeros.
std::optional<std::uint16_t> parse_port_number(std::string_view text);

bool is_in(const ipc::PeerAddress& peer, const config::IpNetworks& networks);

}  // namespace prefork::http
