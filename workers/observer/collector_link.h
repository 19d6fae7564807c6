// The connection to a collector: sends one body at a time by POST (HTTP/1.1) and tells what came of
// it. Nothing of it waits: connecting, sending and receiving go on in turns of the event loop. The
// connection is kept for the next body; one that the collector has closed meanwhile is made anew.
// One thread: the event loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/values/collector_url.h"
#include "ipc/base/owned_fd.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"

namespace prefork::observer {

class CollectorLink {
 public:
  // From connecting to the end of the answer.
  static constexpr std::uint64_t kPatienceNs = 10'000'000'000;

  struct Outcome {
    int status = 0;       // 0: there was no answer,
    std::string problem;  // for this reason
    std::optional<std::uint32_t> retry_after_s;
  };
  // Called once for each body, in a later turn or at once. May send the next one.
  using OnDone = std::function<void(const Outcome& outcome)>;

  // The loop outlives it. Throws std::system_error.
  CollectorLink(loop::EventLoop& loop, config::CollectorUrl url, OnDone on_done);
  ~CollectorLink();
  CollectorLink(const CollectorLink&) = delete;
  CollectorLink& operator=(const CollectorLink&) = delete;

  // While it is not busy.
  void post(const std::string& body);
  [[nodiscard]] bool is_busy() const { return state_ != State::idle; }

 private:
  enum class State : std::uint8_t { idle, connecting, sending, receiving };

  void connect();
  void on_ready();
  void on_connected();
  void send_some();
  void receive_some();
  void on_lost(int error);
  void want(std::uint32_t events);
  void close();
  void finish(const Outcome& outcome);

  loop::EventLoop& loop_;
  const config::CollectorUrl url_;
  const OnDone on_done_;
  ipc::OwnedFd readiness_;  // an epoll instance of its own: the loop's watches tell of input alone
  loop::EventLoop::WatchId watch_ = 0;
  loop::Timer timer_;
  ipc::OwnedFd socket_;
  State state_ = State::idle;
  std::string message_;
  std::size_t sent_ = 0;
  std::string received_;
  bool is_reused_ = false;  // the connection has had an answer before
};

}  // namespace prefork::observer
