// A connection's bytes, as readiness: try to read or write without blocking, else ask to be called
// when it may work. The socket joins the event loop only when something first has to wait, so a
// short connection never does. TLS is another implementation of the same few calls. One thread: the
// event loop.
#pragma once

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
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
  SocketTransport(asio::io_context& loop, OwnedFd socket)
      : loop_(loop), fd_(std::move(socket)) {}

  [[nodiscard]] bool is_open() const { return fd_.valid() || socket_.has_value(); }

  IoResult read(char* bytes, std::size_t capacity);
  IoResult write(std::string_view bytes);

  // `handler(std::error_code)` runs once: when the socket is ready, or with an error when the
  // transport was closed meanwhile. One wait at a time.
  template <typename WaitHandler>
  void wait_readable(WaitHandler handler) {
    joined().async_wait(asio::socket_base::wait_read, std::move(handler));
  }
  template <typename WaitHandler>
  void wait_writable(WaitHandler handler) {
    joined().async_wait(asio::socket_base::wait_write, std::move(handler));
  }

  // Sends FIN: no more will be written (shutdown(2)).
  void finish_writing();
  void close();

  [[nodiscard]] int native() { return socket_ ? socket_->native_handle() : fd_.get(); }

  // Leaves the event loop and gives the socket away.
  OwnedFd release();

 private:
  using Socket =
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

  Socket& joined();

  asio::io_context& loop_;
  OwnedFd fd_;                    // before the socket joins the loop
  std::optional<Socket> socket_;  // after
};

}  // namespace prefork
