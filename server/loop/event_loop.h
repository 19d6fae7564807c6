// The event loop of a process: one epoll instance that it blocks in, for every descriptor that
// something is waited for on, a few timers, and Asio's queue for what was deferred. It goes in
// turns: wait for a batch of events, hand them out, fire the timers that are due, run what was
// deferred.
//
// Asio does not wait itself: its reactor would cost each request an epoll_ctl, each wake-up of an
// idle process three system calls, and its timers take no clock but the machine's.
//
// Descriptors come in two kinds. A watch is level-triggered and has a callback of its own:
// listening sockets, pipes, inboxes. What is added by key is edge-triggered and told to the loop's
// one client: connections, of which there are thousands, each registered once. Edge-triggered
// means: an event tells that something arrived, once (epoll(7)). A reader goes on until its
// transport says that nothing is left, or, after `hang_up`, until the end.
//
// Nothing is called back for a key after its descriptor was removed, except that the events of one
// batch are fetched together: the client looks the key up and ignores one it no longer knows.
//
// One thread, and it outlives everything it calls back and every Timer.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "ipc/base/clock.h"
#include "ipc/base/owned_fd.h"
#include "server/loop/timer.h"

struct epoll_event;

namespace prefork::loop {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hang_up = false;  // the peer has finished sending: a reader comes to the end
  bool gone = false;     // the connection is dead in both directions
};

// Who is told of the descriptors that were added by key, and of the turns.
class LoopClient {
 public:
  LoopClient() = default;
  virtual ~LoopClient() = default;
  LoopClient(const LoopClient&) = delete;
  LoopClient& operator=(const LoopClient&) = delete;

  // Before the events of each turn, if there are any: it may be a timer's, or left work's.
  virtual void on_turn(std::uint64_t now_ns, bool has_events) = 0;
  virtual void on_ready(std::uint64_t key, Readiness readiness) = 0;
  // See EventLoop::defer.
  virtual void on_deferred(std::uint64_t key) = 0;
  // After everything in a turn.
  virtual void on_turn_end() = 0;
  // The loop is about to wait for longer than kLongWaitNs: until something happens, and no longer
  // than until this time.
  virtual void on_sleep(std::uint64_t /*until_ns*/) {}
};

class EventLoop {
 public:
  using WatchId = std::uint32_t;

  // Keys below this one are those of watches.
  static constexpr std::uint64_t kFirstClientKey = std::uint64_t{1} << 32;
  static constexpr std::uint64_t kLongWaitNs = 200'000'000;

  // Throws std::system_error.
  explicit EventLoop(const ipc::Clock& clock);
  ~EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // To be set before the first key is added; null: none. Stays the caller's.
  void set_client(LoopClient* client) { client_ = client; }

  // Serves until it is stopped. Within a turn, stop() ends it with that turn.
  void run();
  void stop() { stopped_ = true; }
  // Does everything that can be done without waiting. True when that was anything.
  bool poll();
  // One turn, which waits for an event no longer than this and no longer than for a timer.
  bool run_one_for(std::uint64_t patience_ns);

  // The time of the present turn.
  [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
  [[nodiscard]] const std::uint64_t& turn_time() const { return now_ns_; }
  // Reads the clock, for who has worked for a while.
  std::uint64_t refresh_now() { return now_ns_ = clock_.now_ns(); }
  [[nodiscard]] const ipc::Clock& clock() const { return clock_; }

  // Calls `on_readable` again and again while there is something to read from `fd` or to accept,
  // which stays the caller's.
  WatchId watch(int fd, std::function<void()> on_readable);
  // The same for a descriptor that siblings watch too, a listening socket: an event wakes one of
  // those that wait, not all (epoll_ctl(2): EPOLLEXCLUSIVE), and whoever it has woken sees to it
  // before anything else, as nobody else does.
  WatchId watch_shared(int fd, std::function<void()> on_readable);
  // Of those that wait the kernel wakes the one that has watched for longest, which is not this
  // process from now on. It sees what is there, also what another one was woken for that has died
  // since. False: the system has no room for it (as with add()), and it is paused.
  [[nodiscard]] bool stand_behind(WatchId id);
  // Sees to what is shared and waits all the same: whoever was woken for it may have stopped since
  // or died, and the kernel wakes nobody else.
  void look_at_shared();
  // Before `fd` is closed, or for a while.
  void pause_watch(WatchId id);
  // False: the system has no room for it, and it stays paused.
  [[nodiscard]] bool resume_watch(WatchId id);

  // Edge-triggered, told to the client; what is there already is told at once. False when the
  // system has no room for it (epoll_ctl(2): ENOSPC, ENOMEM).
  bool add(int fd, std::uint64_t key);
  // From now on tells of room for output too, at once if there is some.
  void want_writable(int fd, std::uint64_t key);
  // Of a descriptor that is going to live on elsewhere; closing one removes it.
  void remove(int fd);

  // The client is called for `key` after the events of this turn; what is deferred from there has
  // to wait for the next one, which comes at once.
  void defer(std::uint64_t key);

  // For Timer.
  void add_timer(Timer& timer) { timers_.push_back(&timer); }
  void remove_timer(Timer& timer);
  void update_due_time();

 private:
  // So many events are fetched at once: what waits behind them waits for a shorter batch.
  static constexpr int kMaxEventsPerTurn = 256;

  struct Watch {
    int fd = -1;
    std::function<void()> on_readable;
    bool is_shared = false;
    bool paused = true;
  };

  WatchId add_watch(Watch watch);
  void hand_out(std::span<const epoll_event> events);
  static void call(const Watch& watch);
  bool turn(int timeout_ms);
  [[nodiscard]] int timeout_ms() const;
  bool fire_due_timers();
  bool run_deferred();

  const ipc::Clock& clock_;
  LoopClient* client_ = nullptr;
  asio::io_context deferred_{1};
  ipc::OwnedFd epoll_fd_;
  std::deque<Watch> watches_;  // stable: a callback may add one
  std::vector<Timer*> timers_;
  std::uint64_t due_ns_ = ipc::kNever;  // of the first timer
  std::uint64_t now_ns_;
  std::size_t deferred_count_ = 0;
  bool stopped_ = false;
};

}  // namespace prefork::loop
