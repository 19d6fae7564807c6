// The event loop's readiness set: an epoll instance for everything that carries requests, namely
// connections, listening sockets and whatever hands either to this worker. Connections are
// edge-triggered and registered once, and once more when a peer does not take an answer for the
// first time: waiting through Asio would cost each request an epoll_ctl, an operation and a lock.
//
// Two ways to wait for it. While Asio runs the loop, it waits for the set as for one descriptor
// beside its others; each wake-up then costs three system calls, and each event the wake-up of two
// sets. run() turns that round: it blocks in the set itself, and lets Asio have its turn when one
// of its timers is due. What else must be noticed at once has to be in the set.
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

#include "ipc/base/owned_fd.h"

namespace prefork::loop {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hang_up = false;  // the peer has finished sending: a reader comes to the end
  bool gone = false;     // the connection is dead in both directions
};

// Whom a Poller calls.
class PollerOwner {
 public:
  PollerOwner() = default;
  virtual ~PollerOwner() = default;
  PollerOwner(const PollerOwner&) = delete;
  PollerOwner& operator=(const PollerOwner&) = delete;

  // Before the events of each batch. Returns the time, CLOCK_MONOTONIC.
  virtual std::uint64_t on_batch() = 0;
  virtual void on_ready(std::uint64_t key, Readiness readiness) = 0;
  // After the events of each batch. True when there is work left that no descriptor will announce:
  // then the next batch is not waited for.
  virtual bool on_batch_end() = 0;
  // When Asio's next timer is due, CLOCK_MONOTONIC. Asked by run() only.
  [[nodiscard]] virtual std::uint64_t asio_due_ns() const = 0;
};

class Poller {
 public:
  // Throws std::system_error.
  Poller(asio::io_context& loop, PollerOwner& owner);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // In place of io_context::run(): serves until the loop is stopped.
  void run();

  // Edge-triggered, for a connection; tells at once of what is there already. False when the system
  // has no room for it.
  bool add(int fd, std::uint64_t key);
  // From now on tells of room for output too, at once if there is some.
  void watch_output(int fd, std::uint64_t key);
  // Level-triggered, input only: tells again and again while there is something to read or accept.
  bool watch_level(int fd, std::uint64_t key);
  // Has on_batch_end() called soon, for work that no descriptor announces.
  void rouse();
  // For a descriptor that lives on in another process or under another number; for others, closing
  // them is enough.
  void remove(int fd);

 private:
  static constexpr int kMaxEventsPerBatch = 256;

  void wait();
  void take_batch(int timeout_ms);
  [[nodiscard]] int timeout_ms() const;

  asio::io_context& loop_;
  PollerOwner& owner_;
  ipc::OwnedFd epoll_fd_;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> watch_;
  std::uint64_t now_ns_ = 0;  // when the last batch came
  bool in_batch_ = false;
  bool work_left_ = false;
  bool running_ = false;
};

}  // namespace prefork::loop
