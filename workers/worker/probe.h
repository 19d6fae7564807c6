// Asks a worker's own server for one path (--probe-path) over a connection that nobody else has,
// before the worker is said to be ready. One thread: the event loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "ipc/base/owned_fd.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"

namespace prefork::worker {

class Probe {
 public:
  // From the question to the end of the response.
  static constexpr std::chrono::seconds kTimeout{5};

  // Called once, on the loop: what was wrong; empty: a response of 200 to 399.
  using OnDone = std::function<void(std::string problem)>;

  // Makes the connection. The loop outlives the probe. Throws std::system_error.
  Probe(loop::EventLoop& loop, std::string path, OnDone on_done);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // The server's end of the connection: a stream socket that never blocks. Once.
  ipc::OwnedFd take_server_end() { return std::move(server_end_); }
  // Sends `GET path` as of RFC 9112. Once the server has its end: it then reads the request in a
  // turn of the loop, and not before the first one. Throws std::system_error.
  void ask();

 private:
  void on_readable();
  void finish(std::string problem);
  [[nodiscard]] std::string verdict() const;

  loop::EventLoop& loop_;
  const std::string path_;
  OnDone on_done_;
  ipc::OwnedFd server_end_;
  ipc::OwnedFd own_end_;
  loop::EventLoop::WatchId watch_ = 0;
  loop::Timer timer_;
  std::string status_line_;  // as far as it has come
};

}  // namespace prefork::worker
