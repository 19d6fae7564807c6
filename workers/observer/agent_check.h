// Where HAProxy's agent check connects: it gets a line and the end of the connection. Whatever it
// sends is not read further than needed. On the observer's event loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "server/loop/event_loop.h"

namespace prefork::observer {

class AgentCheck {
 public:
  // `line` makes what is told. The loop outlives it.
  AgentCheck(loop::EventLoop& loop, std::function<std::string()> line);
  ~AgentCheck();
  AgentCheck(const AgentCheck&) = delete;
  AgentCheck& operator=(const AgentCheck&) = delete;

  // The socket stays the caller's.
  void listen(int fd);

 private:
  struct Listener {
    ipc::OwnedFd fd;
    loop::EventLoop::WatchId watch = 0;
  };

  void answer(int listener) const;

  loop::EventLoop& loop_;
  const std::function<std::string()> line_;
  std::vector<Listener> listeners_;
};

}  // namespace prefork::observer
