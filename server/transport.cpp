#include "server/transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace prefork {

IoResult SocketTransport::read(char* bytes, std::size_t capacity) {
  for (;;) {
    const ssize_t size = ::recv(native(), bytes, capacity, 0);
    if (size > 0) {
      return {IoStatus::done, static_cast<std::size_t>(size)};
    }
    if (size == 0) {
      return {IoStatus::end, 0};
    }
    if (errno != EINTR) {
      return {errno == EAGAIN ? IoStatus::would_block : IoStatus::reset, 0};
    }
  }
}

IoResult SocketTransport::write(std::string_view bytes) {
  for (;;) {
    const ssize_t size = ::send(native(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      return {IoStatus::done, static_cast<std::size_t>(size)};
    }
    if (errno != EINTR) {
      return {errno == EAGAIN ? IoStatus::would_block : IoStatus::reset, 0};
    }
  }
}

SocketTransport::Socket& SocketTransport::joined() {
  if (!socket_) {
    // The protocol is only remembered by Asio, never used: no option is set through it.
    socket_.emplace(loop_);
    std::error_code ignored;
    socket_->assign(asio::generic::stream_protocol(AF_UNSPEC, 0), fd_.release(), ignored);
  }
  return *socket_;
}

void SocketTransport::finish_writing() { ::shutdown(native(), SHUT_WR); }

void SocketTransport::close() {
  fd_.reset();
  if (socket_) {
    std::error_code ignored;
    socket_->close(ignored);
    socket_.reset();
  }
}

OwnedFd SocketTransport::release() {
  if (socket_) {
    // release() takes the socket out of the epoll set; a plain close would not, because the socket
    // lives on in the process it is given to.
    std::error_code ignored;
    OwnedFd released(socket_->release(ignored));
    socket_.reset();
    return released;
  }
  return std::move(fd_);
}

}  // namespace prefork
