#include "server/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "ipc/check.h"
#include "server/http_server.h"

namespace prefork {

namespace {

PeerAddress to_peer(const sockaddr_storage& address) {
  PeerAddress peer;
  if (address.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    peer.family = PeerAddress::Family::ipv4;
    peer.port = ntohs(ipv4.sin_port);
    std::memcpy(peer.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  } else if (address.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    peer.family = PeerAddress::Family::ipv6;
    peer.port = ntohs(ipv6.sin6_port);
    std::memcpy(peer.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  } else if (address.ss_family == AF_UNIX) {
    peer.family = PeerAddress::Family::local;
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

}  // namespace

Listener::Listener(HttpServer& server, asio::io_context& loop, int socket, std::uint32_t bind_index)
    : server_(server), descriptor_(loop), bind_index_(bind_index) {
  const int duplicate = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  PREFORK_CHECK(duplicate >= 0);
  descriptor_.assign(duplicate);
}

Listener::~Listener() { stop(false); }

void Listener::start() { wait(); }

void Listener::on_tick() {
  if (paused_ && !stopped_) {
    paused_ = false;
    wait();
  }
}

void Listener::stop(bool empty_queue) {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  if (empty_queue) {
    for (int i = 0; i < kMaxQueued && accept_one() == Outcome::accepted; ++i) {
    }
  }
  // release() before close(): the socket lives on in other processes, so closing it alone would
  // leave it in this loop's epoll set (epoll(7), questions and answers, 6).
  ::close(descriptor_.release());
}

void Listener::wait() {
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code error) {
    // A stopped listener may be gone by now: nothing of it is touched after an error.
    if (!error) {
      accept_some(kMaxAcceptsPerTurn);
    }
  });
}

void Listener::accept_some(int limit) {
  server_.refresh_now();
  for (int i = 0; i < limit && !stopped_; ++i) {
    const Outcome outcome = accept_one();
    if (outcome == Outcome::out_of_resources) {
      paused_ = true;
      return;
    }
    if (outcome == Outcome::queue_empty) {
      break;
    }
  }
  if (!stopped_) {
    wait();
  }
}

Listener::Outcome Listener::accept_one() {
  for (;;) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    OwnedFd socket(::accept4(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&address),
                             &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      HandedConnection about;
      about.bind_index = bind_index_;
      about.peer = to_peer(address);
      server_.on_accepted(std::move(socket), about);
      return Outcome::accepted;
    }
    if (errno == EAGAIN) {
      return Outcome::queue_empty;
    }
    if (!is_about_one_client(errno)) {
      server_.on_accept_error(errno);
      return Outcome::out_of_resources;
    }
  }
}

}  // namespace prefork
