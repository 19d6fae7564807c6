// A connection before it is one: what comes on the socket before the first byte of the protocol.
// First the PROXY preamble, where the listener has it, then the transport's handshake. It ends
// open, with the transport, the client and what was read already, or closed.
//
//   preamble --complete--> handshake --done--> open
//       \-----------------------\--wrong, over, too late--> closed
//
// Owned by its ConnectionTable until then; the deadline there is the one of the first message. A
// plain connection without a preamble never has an opener. One thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "config/values/ip_networks.h"
#include "ipc/counters.h"
#include "ipc/inbox.h"
#include "server/loop/event_loop.h"
#include "server/net/connection.h"
#include "server/net/connection_token.h"
#include "server/net/transport.h"

namespace prefork::net {

class ConnectionOpener {
 public:
  enum class Progress : std::uint8_t { waiting, open, closed };

  // `about.awaits_preamble` says whether one comes; only those in `preamble_allowed` may send one.
  // All references outlive the opener.
  ConnectionOpener(const ConnectionServices& services, ConnectionToken token,
                   std::unique_ptr<Transport> transport, const ipc::HandedConnection& about,
                   const config::IpNetworks& preamble_allowed);
  ~ConnectionOpener();
  ConnectionOpener(const ConnectionOpener&) = delete;
  ConnectionOpener& operator=(const ConnectionOpener&) = delete;

  // Whether a connection has to go through one.
  [[nodiscard]] static bool is_needed(const Transport& transport,
                                      const ipc::HandedConnection& about) {
    return about.awaits_preamble != 0 || transport.traits().has_handshake;
  }

  // Once, before on_ready(). `read_now`: the first bytes are probably there already.
  Progress start(bool read_now);
  Progress on_ready(loop::Readiness readiness);

  // Once it is open: everything that the Connection begins with.
  OpenedConnection take();
  // Once it is closed: what the log should hear; null when nobody has done anything wrong.
  [[nodiscard]] const char* problem() const { return problem_; }
  [[nodiscard]] const ipc::PeerAddress& peer() const { return about_.peer; }

 private:
  Progress advance();
  Progress read_preamble();
  Progress shake_hands();
  Progress wait_for(bool writable);
  Progress fail(const char* problem);

  const ConnectionServices& services_;
  const config::IpNetworks& preamble_allowed_;
  const ConnectionToken token_;
  std::unique_ptr<Transport> transport_;
  ipc::HandedConnection about_;
  std::string received_;
  const char* problem_ = nullptr;
  bool is_registered_ = false;
  bool waits_for_room_ = false;
  bool may_have_more_ = false;
};

}  // namespace prefork::net
