#include "workers/observer/agent_check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace prefork::observer {

AgentCheck::AgentCheck(loop::EventLoop& loop, std::function<std::string()> line)
    : loop_(loop), line_(std::move(line)) {}

AgentCheck::~AgentCheck() {
  for (const Listener& listener : listeners_) {
    loop_.pause_watch(listener.watch);
  }
}

void AgentCheck::listen(int fd) {
  ipc::OwnedFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own.valid()) {
    return;
  }
  const int listening = own.get();
  listeners_.push_back(
      {std::move(own), loop_.watch(listening, [this, listening] { answer(listening); })});
}

// One at a time: the loop comes back while there are more.
void AgentCheck::answer(int listener) const {
  const ipc::OwnedFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) {
    return;
  }
  const std::string line = line_();
  ::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
  ::shutdown(socket.get(), SHUT_WR);
  // What it has sent already (agent-send) would make the end a reset.
  std::array<char, 256> ignored{};
  while (::recv(socket.get(), ignored.data(), ignored.size(), 0) > 0) {
  }
}

}  // namespace prefork::observer
