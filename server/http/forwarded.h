// Who sent a request and how, when proxies stand between: X-Forwarded-For and X-Forwarded-Proto, or
// Forwarded (RFC 7239). A pure function without allocation, asked once for each request.
//
// Each proxy adds its own peer at the right end, so the right end is read first: an entry counts
// only when the one who wrote it is trusted, and everything left of the first address that is not
// trusted is the client's own writing. It is never looked at, so that a client can neither forge an
// address nor spoil the entry of its proxy by writing nonsense before it. Where all are trusted the
// leftmost address is the client's.
//
// The scheme goes with the address: the entry that the outermost trusted proxy wrote tells how the
// client came. A list of schemes that is shorter, because proxies passed it on as it came, says it
// for all before it.
//
// An entry that names no address (`unknown`, `_hidden`) or that nobody can understand ends the
// walk: the last address known stays. That of a direct peer who is not trusted always stays.
//
// Where any X-Forwarded-For or X-Forwarded-Proto is there, Forwarded is not read at all: nearly all
// proxies write the former and pass on the latter as it came, so it may be the client's. Whoever
// trusts a proxy that writes only Forwarded must let it remove the others. Hosts (host= and
// X-Forwarded-Host) are not taken over; Host is what the proxy sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "config/values/ip_networks.h"
#include "ipc/base/peer_address.h"
#include "server/http/request.h"

namespace prefork::http {

struct ForwardedOrigin {
  ipc::PeerAddress client;
  Scheme scheme = Scheme::http;
  bool is_from_proxy = false;  // the direct peer is trusted
};

// Whether any of the fields by which proxies say it is there: without one the origin is the peer.
bool has_forwarded_field(FieldView fields);

// No chain of proxies is longer; the walk ends there.
inline constexpr std::size_t kMaxForwardedHops = 64;

// `peer` is who is at the other end of the connection, after a PROXY preamble if there was one.
ForwardedOrigin forwarded_origin(FieldView fields, const ipc::PeerAddress& peer,
                                 const config::IpNetworks& trusted);

}  // namespace prefork::http
