// Accepts from one listening socket that several processes share. Being woken and finding nothing
// is normal: a sibling was faster. It keeps a descriptor in reserve, for the connection that it was
// woken for when there is no other: the kernel has told nobody else of it, so it is accepted all
// the same and can be handed on. Out of that too it pauses until the next tick instead of spinning.
// One thread: the event loop.
#pragma once

#include <cstdint>

#include "ipc/base/owned_fd.h"
#include "ipc/inbox.h"
#include "server/loop/event_loop.h"
#include "server/net/accept_batch.h"
#include "server/net/listener_spec.h"

namespace prefork::net {

// Who gets the connections.
class AcceptHandler {
 public:
  AcceptHandler() = default;
  virtual ~AcceptHandler() = default;
  AcceptHandler(const AcceptHandler&) = delete;
  AcceptHandler& operator=(const AcceptHandler&) = delete;

  virtual void on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection& about,
                           const TransportFactory* transports) = 0;
  // Out of descriptors or memory (errno). If it has a descriptor in reserve, a connection follows,
  // which had better be handed on; otherwise the listener pauses.
  virtual void on_accept_error(int error) = 0;
};

class Listener {
 public:
  // Begins to accept. A duplicate of the socket is made; the references outlive the listener.
  Listener(loop::EventLoop& loop, const ListenerSpec& spec, AcceptHandler& handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Out of descriptors, it waits to be resumed.
  [[nodiscard]] bool is_paused() const { return paused_; }
  // Tries again after a pause.
  void resume();
  // Leaves the socket to others.
  void stop();
  // The service stops: takes everything that is in the queue, then ends the listening in whatever
  // process the socket is still open, unless it outlives the service. What an application has
  // forked would keep the address otherwise, and take connections that nobody serves.
  void stop_for_good();

 private:
  // The largest backlog there is: what may wait in the queue when the service stops.
  static constexpr int kMaxQueued = 65'535;

  // While one process answers what it accepts, which may take its time, siblings could accept.
  static constexpr std::uint64_t kLongTurnNs = 1'000'000;

  enum class Outcome : std::uint8_t { accepted, queue_empty, out_of_resources };

  void accept_some();
  void let_siblings_pass();
  [[nodiscard]] bool is_turn_long() const {
    return loop_.clock().now_ns() - loop_.now_ns() > kLongTurnNs;
  }
  Outcome accept_one();
  void keep_reserve();

  loop::EventLoop& loop_;
  AcceptHandler& handler_;
  const ListenerSpec spec_;
  ipc::OwnedFd socket_;
  ipc::OwnedFd reserve_;
  loop::EventLoop::WatchId watch_;
  AcceptBatch batch_;
  // After so many it has a sibling woken in its stead, but not again within that time: few of them
  // are spread over all; of many, each change of process costs two system calls and has the
  // processor's caches filled anew.
  static constexpr int kAcceptsInFront = 4;
  static constexpr std::uint64_t kLeastTimeInFrontNs = 1'000'000;
  int accepted_in_front_ = 0;
  std::uint64_t stood_behind_ns_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace prefork::net
