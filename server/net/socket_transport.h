// The plain transport: a connected, non-blocking stream socket and nothing else.
#pragma once

#include <utility>

#include "server/net/transport.h"

namespace prefork::net {

// Bytes of a non-blocking stream socket as they are, whatever transport it belongs to (recv(2)).
IoResult receive(int socket, char* bytes, std::size_t capacity);

class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(ipc::OwnedFd socket) : fd_(std::move(socket)) {}
  ~SocketTransport() override { SocketTransport::close(); }
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  [[nodiscard]] TransportTraits traits() const override {
    TransportTraits traits;
    traits.is_movable = true;
    traits.can_send_files = true;
    return traits;
  }

  IoResult read(char* bytes, std::size_t capacity) override {
    return receive(fd_.get(), bytes, capacity);
  }
  IoResult write(std::string_view bytes) override;
  IoResult write(std::string_view first, std::string_view second) override;
  IoResult write_before_more(std::string_view bytes) override;
  IoResult send_file(int file, std::uint64_t offset, std::uint64_t size) override;

  void finish_writing() override;
  // The peer sees the end at once, even when the application has forked a process that still has a
  // copy of the socket.
  void close() override;
  // Sends RST.
  void abort() override;

  [[nodiscard]] int fd() const override { return fd_.get(); }
  ipc::OwnedFd release() override { return std::move(fd_); }

 private:
  [[nodiscard]] bool is_dead() const;

  ipc::OwnedFd fd_;
};

}  // namespace prefork::net
