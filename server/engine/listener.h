// Accepts from one listening socket that several processes share. Being woken and finding nothing
// is normal: a sibling was faster. Out of descriptors it pauses until the next tick instead of
// spinning. One thread: the event loop.
#pragma once

#include <cstdint>

#include "ipc/base/owned_fd.h"

namespace prefork::engine {

class HttpServer;

class Listener {
 public:
  // Begins to accept. `socket` is listening and non-blocking; a duplicate is made, the original
  // stays the caller's.
  Listener(HttpServer& server, int socket, bool expects_preamble);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Tries again after a pause.
  void on_tick();
  // Takes everything that is in the queue, then leaves the socket to others.
  void stop(bool empty_queue);

 private:
  // So many connections in one turn of the loop at most: the ones already here want service too.
  static constexpr int kMaxAcceptsPerTurn = 16;
  // The largest backlog there is: what may wait in the queue when the service stops.
  static constexpr int kMaxQueued = 65'535;

  enum class Outcome : std::uint8_t { accepted, queue_empty, out_of_resources };

  void accept_some();
  Outcome accept_one();

  HttpServer& server_;
  ipc::OwnedFd socket_;
  const bool expects_preamble_;
  std::uint32_t watch_;
  // How many to take in one turn: one at first, more after so many turns in a row that left some.
  // Looking into an empty queue is dear: the kernel makes a socket before it looks (accept(2)).
  static constexpr int kTurnsUntilMore = 8;
  int expected_ = 1;
  int full_turns_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace prefork::engine
