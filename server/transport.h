// A connection's bytes: try to read or write without blocking, else the Poller tells when it may
// work. TLS is another implementation of the same few calls. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "ipc/owned_fd.h"

namespace prefork {

enum class IoStatus : std::uint8_t {
  done,         // `size` bytes were moved, at least one
  would_block,  // wait first
  end,          // the peer has sent everything it will send
  reset,        // the connection is gone
};

struct IoResult {
  IoStatus status = IoStatus::would_block;
  std::size_t size = 0;
};

class SocketTransport {
 public:
  // `socket` is a connected, non-blocking stream socket.
  explicit SocketTransport(OwnedFd socket) : fd_(std::move(socket)) {}

  IoResult read(char* bytes, std::size_t capacity);
  IoResult write(std::string_view bytes);

  // Sends FIN: no more will be written (shutdown(2)).
  void finish_writing();
  void close() { fd_.reset(); }

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Gives the socket away.
  OwnedFd release() { return std::move(fd_); }

 private:
  OwnedFd fd_;
};

}  // namespace prefork
