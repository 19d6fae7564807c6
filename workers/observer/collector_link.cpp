#include "workers/observer/collector_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "ipc/base/error_text.h"
#include "workers/observer/collector_response.h"

namespace prefork::observer {

namespace {

// Longer answers are none that anybody waits for.
constexpr std::size_t kMaxReceived = std::size_t{1} << 20;

struct CollectorAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

CollectorAddress address_of(const config::CollectorUrl& url) {
  CollectorAddress address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, url.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(url.port);
    address.size = sizeof v4;
    std::memcpy(&address.storage, &v4, sizeof v4);
  } else {
    ::inet_pton(AF_INET6, url.address.c_str(), &v6.sin6_addr);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(url.port);
    address.size = sizeof v6;
    std::memcpy(&address.storage, &v6, sizeof v6);
  }
  return address;
}

}  // namespace

CollectorLink::CollectorLink(loop::EventLoop& loop, config::CollectorUrl url, OnDone on_done)
    : loop_(loop),
      url_(std::move(url)),
      on_done_(std::move(on_done)),
      readiness_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(loop, [this] {
        close();
        finish({0, "gave no answer in time", {}});
      }) {
  if (!readiness_.valid()) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1 for --trace-collector");
  }
  watch_ = loop_.watch(readiness_.get(), [this] { on_ready(); });
}

CollectorLink::~CollectorLink() { loop_.pause_watch(watch_); }

void CollectorLink::post(const std::string& body) {
  message_ = "POST " + url_.path + " HTTP/1.1\r\nHost: " + url_.host +
             "\r\nUser-Agent: prefork-server\r\nContent-Type: application/json\r\n"
             "Content-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body;
  sent_ = 0;
  received_.clear();
  timer_.arm(loop_.refresh_now() + kPatienceNs);
  is_reused_ = socket_.valid();
  if (is_reused_) {
    on_connected();
  } else {
    connect();
  }
}

void CollectorLink::connect() {
  const CollectorAddress address = address_of(url_);
  socket_ = ipc::OwnedFd(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  state_ = State::connecting;
  is_reused_ = false;
  if (!socket_.valid()) {
    return on_lost(errno);
  }
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) !=
          0 &&
      errno != EINPROGRESS) {
    return on_lost(errno);
  }
  epoll_event event{};
  event.events = EPOLLOUT;
  if (::epoll_ctl(readiness_.get(), EPOLL_CTL_ADD, socket_.get(), &event) != 0) {
    on_lost(errno);
  }
}

void CollectorLink::want(std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  ::epoll_ctl(readiness_.get(), EPOLL_CTL_MOD, socket_.get(), &event);
}

void CollectorLink::on_ready() {
  epoll_event event{};
  if (::epoll_wait(readiness_.get(), &event, 1, 0) != 1) {
    return;
  }
  switch (state_) {
    case State::connecting: {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      return error != 0 ? on_lost(error) : on_connected();
    }
    case State::sending:
      // An answer before the end of the request is one, too.
      return (event.events & EPOLLIN) != 0 ? receive_some() : send_some();
    case State::receiving:
      return receive_some();
    case State::idle:
      // It has nothing to say now but that it ends.
      return close();
  }
}

void CollectorLink::on_connected() {
  state_ = State::sending;
  want(EPOLLIN | EPOLLOUT);
  send_some();
}

void CollectorLink::send_some() {
  const ssize_t size =
      ::send(socket_.get(), message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL);
  if (size < 0) {
    return errno == EAGAIN || errno == EINTR ? void() : on_lost(errno);
  }
  sent_ += static_cast<std::size_t>(size);
  if (sent_ == message_.size()) {
    state_ = State::receiving;
    want(EPOLLIN);
  }
}

void CollectorLink::receive_some() {
  std::array<char, 16 * 1024> room{};
  const ssize_t size = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (size < 0) {
    return errno == EAGAIN || errno == EINTR ? void() : on_lost(errno);
  }
  if (size == 0) {
    return on_lost(0);
  }
  received_.append(room.data(), static_cast<std::size_t>(size));
  const auto response = find_response(received_);
  if (!response && received_.size() <= kMaxReceived) {
    return;
  }
  const bool is_answer = response && response->status != 0;
  if (!is_answer || !response->keeps_connection || sent_ != message_.size()) {
    close();
  }
  finish(is_answer ? Outcome{response->status, {}, response->retry_after_s}
                   : Outcome{0, "gave an answer that is none of HTTP/1", {}});
}

// 0: the collector has ended the connection. One that was kept may have been closed for its age.
void CollectorLink::on_lost(int error) {
  close();
  if (is_reused_ && received_.empty()) {
    sent_ = 0;
    return connect();
  }
  constexpr std::string_view kEnded = "closed the connection without an answer";
  finish({0, std::string(error == 0 ? kEnded : ipc::error_text(error)), {}});
}

void CollectorLink::close() { socket_.reset(); }

void CollectorLink::finish(const Outcome& outcome) {
  timer_.disarm();
  state_ = State::idle;
  if (socket_.valid()) {
    want(EPOLLIN);
  }
  on_done_(outcome);
}

}  // namespace prefork::observer
