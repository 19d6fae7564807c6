// The preamble by which a proxy that only passes bytes on says whose connection it is: HAProxy's
// PROXY protocol, version 1 (a line of text) and version 2 (binary). A pure function over what has
// arrived so far; it takes no more than the preamble, what follows is HTTP. Additional data of
// version 2 (TLVs) is skipped unread, its checksum included: TCP has one.
//
// To be asked only where the preamble is expected, and only for peers who may send one. A preamble
// that is wrong, or not complete in time, ends the connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "ipc/base/peer_address.h"

namespace prefork::net {

struct ProxyPreamble {
  enum class Status { need_more, complete, error };

  Status status = Status::need_more;
  std::size_t size = 0;  // complete: the bytes to take off the input
  // Complete: the client. Nothing: the proxy speaks for itself (LOCAL, as in health checks) or
  // cannot say (UNKNOWN, UNSPEC), and the peer stays who it is.
  std::optional<ipc::PeerAddress> client;
  const char* problem = nullptr;  // error: what is wrong
};

inline constexpr std::size_t kMaxProxyLineBytes = 107;  // version 1, line end included
inline constexpr std::size_t kProxyHeadBytes = 16;      // version 2, before the addresses
// Version 2: addresses and additional data. Proxies keep it below a TCP segment; certificates of
// clients in it are what makes it longer.
inline constexpr std::size_t kMaxProxyPayloadBytes = 4096;
// What the input must be able to hold.
inline constexpr std::size_t kMaxProxyPreambleBytes = kProxyHeadBytes + kMaxProxyPayloadBytes;

// `input` is all that has come over the connection. An error is final: more bytes change nothing.
ProxyPreamble parse_proxy_preamble(std::string_view input);

}  // namespace prefork::net
