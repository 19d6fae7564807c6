// What a listening socket is, besides its descriptor: how the connections that come from it begin.
// A value that the listener's owner makes; it travels to the server as one thing.
#pragma once

#include <chrono>

#include "server/net/transport.h"

namespace prefork::net {

struct ListenerSpec {
  int fd = -1;                                   // listening and non-blocking; stays the caller's
  bool has_preamble = false;                     // each connection begins with the PROXY protocol
  const TransportFactory* transports = nullptr;  // null: plain sockets; outlives the server
  // Others outside of the service may go on listening there when it has stopped.
  bool outlives_service = false;
  // After so long without a sign of a peer its connection is over; 0: as the system has it.
  std::chrono::milliseconds peer_timeout{0};
};

}  // namespace prefork::net
