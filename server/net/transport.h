// A connection's bytes: try to read or write without blocking, else the Poller tells when it may
// work. TLS is another implementation of the same few calls. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "ipc/base/owned_fd.h"

namespace prefork::net {

enum class IoStatus : std::uint8_t {
  done,         // `size` bytes were moved, at least one
  would_block,  // wait first
  end,          // the peer has sent everything it will send
  reset,        // the connection is gone
  unreadable,   // of a file that was to be sent
};

struct IoResult {
  IoStatus status = IoStatus::would_block;
  std::size_t size = 0;
};

class SocketTransport {
 public:
  // `socket` is a connected, non-blocking stream socket.
  explicit SocketTransport(ipc::OwnedFd socket) : fd_(std::move(socket)) {}

  IoResult read(char* bytes, std::size_t capacity);
  IoResult write(std::string_view bytes);
  // Both with one call, as if they lay behind each other.
  IoResult write(std::string_view first, std::string_view second);
  // Bytes that more will follow soon: the kernel may wait for it to fill a packet.
  IoResult write_before_more(std::string_view bytes);
  // From a file that can be mapped (sendfile(2)). `end`: the file has nothing at that offset.
  IoResult send_file(int file, std::uint64_t offset, std::uint64_t size);

  // Sends FIN: no more will be written (shutdown(2)).
  void finish_writing();
  void close() { fd_.reset(); }
  // Closes so that the peer sees an error: what it has got is not all there was.
  void abort();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Gives the socket away.
  ipc::OwnedFd release() { return std::move(fd_); }

 private:
  [[nodiscard]] bool is_dead() const;

  ipc::OwnedFd fd_;
};

}  // namespace prefork::net
