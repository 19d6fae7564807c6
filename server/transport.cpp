#include "server/transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace prefork {

IoResult SocketTransport::read(char* bytes, std::size_t capacity) {
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), bytes, capacity, 0);
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
    const ssize_t size = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      return {IoStatus::done, static_cast<std::size_t>(size)};
    }
    if (errno != EINTR) {
      return {errno == EAGAIN ? IoStatus::would_block : IoStatus::reset, 0};
    }
  }
}

void SocketTransport::finish_writing() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace prefork
