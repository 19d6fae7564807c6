#include "server/net/connection_opener.h"

#include <utility>

#include "server/http/address.h"
#include "server/net/connection_table.h"
#include "server/net/proxy_protocol.h"
#include "server/net/socket_transport.h"

namespace prefork::net {

ConnectionOpener::ConnectionOpener(const ConnectionServices& services, ConnectionToken token,
                                   std::unique_ptr<Transport> transport,
                                   const ipc::HandedConnection& about,
                                   const config::IpNetworks& preamble_allowed)
    : services_(services),
      preamble_allowed_(preamble_allowed),
      token_(token),
      transport_(std::move(transport)),
      about_(about) {}

ConnectionOpener::~ConnectionOpener() = default;

ConnectionOpener::Progress ConnectionOpener::start(bool read_now) {
  if (about_.awaits_preamble != 0 && !http::is_in(about_.peer, preamble_allowed_)) {
    return fail("not allowed to send a PROXY preamble (--proxy-allow-from)");
  }
  return read_now ? advance() : wait_for(false);
}

ConnectionOpener::Progress ConnectionOpener::on_ready(loop::Readiness readiness) {
  may_have_more_ = may_have_more_ || readiness.hang_up;
  return advance();
}

ConnectionOpener::Progress ConnectionOpener::advance() {
  if (about_.awaits_preamble != 0) {
    const Progress progress = read_preamble();
    if (progress != Progress::open) {
      return progress;
    }
  }
  return shake_hands();
}

// The preamble lies in front of whatever the transport makes of the bytes: it is read from the
// descriptor itself.
ConnectionOpener::Progress ConnectionOpener::read_preamble() {
  for (;;) {
    const std::span<char> room = services_.scratch;
    const IoResult result = receive(transport_->fd(), room.data(), room.size());
    if (result.status == IoStatus::want_read) {
      return wait_for(false);
    }
    if (result.status != IoStatus::done) {
      if (result.status == IoStatus::reset) {
        services_.counters.add(ipc::Counter::peer_resets);
      }
      return Progress::closed;
    }
    services_.counters.add(ipc::Counter::bytes_in, result.size);
    received_.append(room.data(), result.size);
    const ProxyPreamble preamble = parse_proxy_preamble(received_);
    if (preamble.status == ProxyPreamble::Status::error) {
      return fail(preamble.problem);
    }
    if (preamble.status == ProxyPreamble::Status::complete) {
      about_.peer = preamble.client.value_or(about_.peer);
      about_.awaits_preamble = 0;
      received_.erase(0, preamble.size);
      may_have_more_ = may_have_more_ || !result.drained;
      return Progress::open;
    }
  }
}

ConnectionOpener::Progress ConnectionOpener::shake_hands() {
  if (!transport_->traits().has_handshake) {
    return Progress::open;
  }
  const std::string received = std::exchange(received_, {});
  const IoResult result = transport_->handshake(received);
  switch (result.status) {
    case IoStatus::done:
      // What it has read ahead comes without an event.
      may_have_more_ = true;
      return Progress::open;
    case IoStatus::want_read:
      return wait_for(false);
    case IoStatus::want_write:
      return wait_for(true);
    case IoStatus::end:
    case IoStatus::reset:
    case IoStatus::unreadable:
      break;
  }
  services_.counters.add(ipc::Counter::peer_resets);
  return Progress::closed;
}

ConnectionOpener::Progress ConnectionOpener::wait_for(bool writable) {
  const std::uint64_t key = ConnectionTable::key_of(token_);
  if (!std::exchange(is_registered_, true) && !services_.loop.add(transport_->fd(), key)) {
    return Progress::closed;
  }
  if (writable && !std::exchange(waits_for_room_, true)) {
    services_.loop.want_writable(transport_->fd(), key);
  }
  return Progress::waiting;
}

ConnectionOpener::Progress ConnectionOpener::fail(const char* problem) {
  problem_ = problem;
  return Progress::closed;
}

OpenedConnection ConnectionOpener::take() {
  OpenedConnection opened;
  opened.transport = std::move(transport_);
  opened.about = about_;
  opened.received = std::move(received_);
  opened.is_registered = is_registered_;
  opened.is_readable = may_have_more_;
  return opened;
}

}  // namespace prefork::net
