// Connections that take much, and fast: for them the kernel may hold as much that is not sent yet
// as the machine's own limits say (tcp(7): TCP_NOTSENT_LOWAT; tcp_wmem, 4 MiB by default), so that
// the process is woken for megabytes and not for each 64 KiB. Not for everybody, as the kernel's
// memory for TCP belongs to all connections: only for those that have shown that they read, and for
// a few at a time. One thread: the event loop.
#pragma once

#include <cstdint>

#include "server/loop/event_loop.h"

namespace prefork::net {

class BulkTransfers {
 public:
  static constexpr std::uint32_t kMost = 8;
  // Who has made room so often, each time so soon after the time before, takes much and fast: each
  // time half of what may be unsent, so some 6 MiB in a second at least.
  static constexpr std::uint8_t kRefills = 4;
  static constexpr std::uint32_t kRefillMs = 10;

  // Outlives it.
  explicit BulkTransfers(const loop::EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] std::uint64_t now_ns() const { return loop_.now_ns(); }
  // False: as many as may be are under way, or it is no TCP connection.
  bool begin(int socket);
  // It rests; its socket is like the others' again.
  void end(int socket);
  // It is closed.
  void forget() { --under_way_; }
  [[nodiscard]] std::uint32_t under_way() const { return under_way_; }

 private:
  const loop::EventLoop& loop_;
  std::uint32_t under_way_ = 0;
};

}  // namespace prefork::net
