#include "workers/worker/probe.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "ipc/base/clock.h"

namespace prefork::worker {

namespace {

// "HTTP/1.1 200"
constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::size_t kStatusEnd = kVersion.size() + 3;

}  // namespace

Probe::Probe(loop::EventLoop& loop, std::string path, OnDone on_done)
    : loop_(loop), path_(std::move(path)), on_done_(std::move(on_done)), timer_(loop, [this] {
        finish("was not answered within " + std::to_string(kTimeout.count()) + " s");
      }) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot make a socket for --probe-path");
  }
  own_end_ = ipc::OwnedFd(pair[0]);
  server_end_ = ipc::OwnedFd(pair[1]);
  watch_ = loop_.watch(own_end_.get(), [this] { on_readable(); });
}

Probe::~Probe() { loop_.pause_watch(watch_); }

void Probe::ask() {
  const std::string request = "GET " + path_ +
                              " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: prefork-server-probe\r\n"
                              "Connection: close\r\n\r\n";
  // Fits into the buffer of a new socket.
  if (::write(own_end_.get(), request.data(), request.size()) !=
      static_cast<ssize_t>(request.size())) {
    throw std::system_error(errno, std::generic_category(), "cannot ask for --probe-path");
  }
  timer_.arm(loop_.refresh_now() + ipc::to_ns(kTimeout));
}

void Probe::on_readable() {
  std::array<char, 4096> room{};
  const ssize_t got = ::read(own_end_.get(), room.data(), room.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (got <= 0) {
    return finish(verdict());
  }
  const std::string_view text(room.data(), static_cast<std::size_t>(got));
  status_line_ += text.substr(0, kStatusEnd - status_line_.size());
}

std::string Probe::verdict() const {
  if (status_line_.size() < kStatusEnd) {
    return "was not answered: the connection was closed";
  }
  const std::string status = status_line_.substr(kVersion.size());
  return status >= "200" && status <= "399" ? "" : "was answered with " + status;
}

void Probe::finish(std::string problem) {
  loop_.pause_watch(watch_);
  timer_.disarm();
  on_done_(std::move(problem));
}

}  // namespace prefork::worker
