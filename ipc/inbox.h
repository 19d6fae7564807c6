// Where siblings put connections for the worker of a slot: a Unix socket pair that keeps message
// boundaries, made by the master before the first fork and kept for the slot's whole life. What is
// in it when a worker dies is not lost: the slot's next worker finds it, and so do the siblings,
// who empty the inbox of a slot that nobody serves.
//
// SOCK_SEQPACKET: like datagrams it keeps message boundaries, and like a stream it says when the
// other side is gone. How many messages may wait is a matter of the sender's buffer: hundreds, as a
// burst of connections needs. See unix(7), SCM_RIGHTS.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "ipc/base/peer_address.h"

namespace prefork::ipc {

// What travels beside the socket.
struct HandedConnection {
  std::uint32_t epoch = 0;            // of the process the place was reserved on; see ipc/balance.h
  std::uint32_t requests = 0;         // answered so far; 0: fresh from the listening socket
  std::uint32_t awaits_preamble = 0;  // 1: a PROXY preamble comes before the first request
  PeerAddress peer;                   // after a preamble: whom that named
};

struct ReceivedConnection {
  HandedConnection about;
  OwnedFd socket;
};

enum class HandResult : std::uint8_t { sent, full, failed };

// All inboxes of a server. The master makes it; after the fork each worker uses its copy. One
// thread per process.
class Inboxes {
 public:
  // Throws std::system_error.
  explicit Inboxes(std::uint32_t slots);
  // In a process that was handed the descriptors that append_fds() names, in that order.
  explicit Inboxes(const std::vector<int>& fds);

  // Sends a copy of `socket` to the slot; the caller still owns (and then closes) its own.
  HandResult hand_off(std::uint32_t slot, int socket, const HandedConnection& about) const;

  // The next connection waiting for the slot; nothing when there is none (or, counted as none, a
  // message without a socket, which happens when this process is out of descriptors). What comes is
  // a connected stream socket that never blocks, whoever has sent it. `closed`: some worker has
  // shut the pair down; nothing comes any more.
  enum class TakeError : std::uint8_t { empty, lost, closed };
  std::optional<ReceivedConnection> take(std::uint32_t slot, TakeError& error) const;

  [[nodiscard]] int receive_fd(std::uint32_t slot) const { return pairs_[slot].receive.get(); }
  [[nodiscard]] std::uint32_t slots() const { return static_cast<std::uint32_t>(pairs_.size()); }

  // In the master, before it starts a worker of the slot: a pair that some worker has shut down, by
  // a stray call on its descriptors, is made anew. Who has only the old one then keeps what it
  // accepts. Throws nothing: without descriptors it stays as it is.
  void renew_if_closed(std::uint32_t slot);

  // Descriptors a worker keeps open after the fork.
  void append_fds(std::vector<int>& fds) const;

 private:
  struct Pair {
    OwnedFd send;
    OwnedFd receive;
  };
  static std::optional<Pair> make_pair();

  std::vector<Pair> pairs_;
};

}  // namespace prefork::ipc
