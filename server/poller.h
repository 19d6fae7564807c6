// The connections' own readiness set: an edge-triggered epoll instance that the event loop watches
// as one descriptor. A connection is registered once, and once more when its peer does not take an
// answer for the first time; waiting through Asio would cost each request an epoll_ctl, an
// operation and a lock. What it costs instead is two more system calls for each batch of events.
// The worker still has one loop: this set is one of the things it waits for.
//
// Edge-triggered means: an event tells that something arrived, once. A reader goes on until a read
// comes back short (then the socket is empty, epoll(7)), or, after `hang_up`, until the end.
//
// Nothing is called back for a key after its descriptor was removed, except that the events of one
// batch are fetched together: the callee looks the key up and ignores one it no longer knows.
// One thread: the event loop.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cstdint>
#include <functional>

#include "ipc/owned_fd.h"

namespace prefork {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hang_up = false;  // the peer has finished sending: a reader comes to the end
  bool gone = false;     // the connection is dead in both directions
};

class Poller {
 public:
  using OnBatch = std::function<void()>;
  using OnReady = std::function<void(std::uint64_t key, Readiness readiness)>;

  // `on_batch` is called before the events of each batch. Throws std::system_error.
  Poller(asio::io_context& loop, OnBatch on_batch, OnReady on_ready);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Tells at once of what is there already. False when the system has no room for it.
  bool add(int fd, std::uint64_t key);
  // From now on tells of room for output too, at once if there is some.
  void watch_output(int fd, std::uint64_t key);
  // For a descriptor whose socket lives on in another process; closing the last one is enough.
  void remove(int fd);

 private:
  static constexpr int kMaxEventsPerBatch = 256;

  void wait();
  void handle_batch();

  OwnedFd epoll_fd_;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> watch_;
  OnBatch on_batch_;
  OnReady on_ready_;
};

}  // namespace prefork
