#include "server/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace prefork::net {

namespace {

ipc::PeerAddress to_peer(const sockaddr_storage& address) {
  ipc::PeerAddress peer;
  if (address.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    peer.family = ipc::PeerAddress::Family::ipv4;
    peer.port = ntohs(ipv4.sin_port);
    std::memcpy(peer.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  } else if (address.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    peer.family = ipc::PeerAddress::Family::ipv6;
    peer.port = ntohs(ipv6.sin6_port);
    std::memcpy(peer.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  } else if (address.ss_family == AF_UNIX) {
    peer.family = ipc::PeerAddress::Family::local;
  }
  return peer;
}

// Errors that concern the connection that was waiting and not the socket: the next accept() is a
// new chance. The network ones are those accept(2) says to treat like EAGAIN.
bool is_about_one_client(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

// A network that is gone says nothing. Probes find it out where nothing is written, and what stays
// without acknowledgement where something is (tcp(7)). Connections have it from the socket that
// accepts them, so it costs them no call. A local socket knows nothing of this and needs nothing.
void notice_lost_peers(int socket, std::chrono::milliseconds timeout) {
  constexpr int kLongestIdleSeconds = 15;
  constexpr int kLongestIntervalSeconds = 5;
  const auto seconds = static_cast<int>(timeout.count() / 1000);
  const int on = 1;
  const int idle = std::clamp(seconds / 2, 1, kLongestIdleSeconds);
  const int interval = std::clamp(seconds / 4, 1, kLongestIntervalSeconds);
  const auto limit = static_cast<unsigned>(timeout.count());
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

}  // namespace

Listener::Listener(loop::EventLoop& loop, const ListenerSpec& spec, AcceptHandler& handler)
    : loop_(loop),
      handler_(handler),
      spec_(spec),
      socket_(::fcntl(spec.fd, F_DUPFD_CLOEXEC, 0)),
      watch_(loop.watch_shared(socket_.get(), [this] { accept_some(); })) {
  // An application of an earlier worker may have taken that away, for all of them.
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  if (spec.peer_timeout.count() != 0) {
    notice_lost_peers(socket_.get(), spec.peer_timeout);
  }
  keep_reserve();
}

Listener::~Listener() { stop(); }

void Listener::resume() {
  if (!paused_ || stopped_) {
    return;
  }
  keep_reserve();
  if (reserve_.valid()) {
    paused_ = !loop_.resume_watch(watch_);
  }
}

void Listener::stop() {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  loop_.pause_watch(watch_);
  reserve_.reset();
  socket_.reset();
}

void Listener::stop_for_good() {
  if (stopped_) {
    return;
  }
  for (int i = 0; i < kMaxQueued && accept_one() == Outcome::accepted; ++i) {
  }
  if (!spec_.outlives_service) {
    ::shutdown(socket_.get(), SHUT_RDWR);
  }
  stop();
}

void Listener::accept_some() {
  for (int i = 0; i < batch_.size() && !stopped_; ++i) {
    if (i != 0 && is_turn_long()) {
      return;
    }
    const Outcome outcome = accept_one();
    if (outcome == Outcome::out_of_resources) {
      paused_ = true;
      loop_.pause_watch(watch_);
    }
    if (outcome != Outcome::accepted) {
      batch_.on_short(i);
      return;
    }
    ++accepted_in_front_;
  }
  if (!stopped_) {
    batch_.on_full();
    let_siblings_pass();
  }
}

void Listener::let_siblings_pass() {
  if (accepted_in_front_ < kAcceptsInFront ||
      loop_.now_ns() - stood_behind_ns_ < kLeastTimeInFrontNs) {
    return;
  }
  accepted_in_front_ = 0;
  stood_behind_ns_ = loop_.now_ns();
  paused_ = !loop_.stand_behind(watch_);
}

Listener::Outcome Listener::accept_one() {
  for (;;) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ipc::OwnedFd socket(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      ipc::HandedConnection about;
      about.awaits_preamble = spec_.has_preamble ? 1 : 0;
      about.peer = to_peer(address);
      handler_.on_accepted(std::move(socket), about, spec_.transports);
      keep_reserve();
      return Outcome::accepted;
    }
    // Once a sibling has ended the listening for good, it is an invalid argument.
    if (errno == EAGAIN || errno == EINVAL) {
      return Outcome::queue_empty;
    }
    if (!is_about_one_client(errno)) {
      const bool has_reserve = errno == EMFILE && reserve_.valid();
      handler_.on_accept_error(errno);
      if (!has_reserve) {
        return Outcome::out_of_resources;
      }
      reserve_.reset();
    }
  }
}

void Listener::keep_reserve() {
  if (!reserve_.valid() && !stopped_) {
    reserve_ = ipc::OwnedFd(::eventfd(0, EFD_CLOEXEC));
  }
}

}  // namespace prefork::net
