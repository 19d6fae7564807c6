// The connection of preforkctl to a server: one command after another over its control socket, each
// answered before a deadline or given up. What the server says is checked before it is believed, as
// it may be another version. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ipc/base/owned_fd.h"
#include "ipc/commands.h"
#include "workers/control/failure.h"

namespace prefork::control {

using ControlClock = std::chrono::steady_clock;
using Deadline = std::optional<ControlClock::time_point>;  // none: for ever

class ServerLink {
 public:
  static Answer<ServerLink> open(const std::string& path, const Deadline& deadline);

  // Of the process that listens: the master. 0: it is in another PID namespace than this process.
  [[nodiscard]] pid_t server_pid() const;

  // What came beside the answer; empty: nothing did.
  Answer<std::string> ask(ipc::CommandKind kind, std::uint32_t argument, const Deadline& deadline);

 private:
  explicit ServerLink(ipc::OwnedFd fd) : fd_(std::move(fd)) {}
  Answer<std::string> receive(std::uint64_t id);

  ipc::OwnedFd fd_;
  std::uint64_t last_id_ = 0;
};

// Milliseconds for poll(2): rounded up, -1: for ever.
int poll_time(const Deadline& deadline);
Failure not_in_time();

// $PREFORK_CONTROL, or the socket of the only server that runs.
Answer<std::string> find_server(const std::string& named);

}  // namespace prefork::control
