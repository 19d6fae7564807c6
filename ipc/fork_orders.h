// How the master asks a generation's fork server for processes: one message each over a Unix socket
// pair that keeps message boundaries (SOCK_SEQPACKET, unix(7)), with the child's end of its control
// pipes beside it (SCM_RIGHTS). The end of file says that no more will be asked for. Both sides are
// forks of one program.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/control_channel.h"

namespace prefork::ipc {

struct ForkOrder {
  enum class Kind : std::uint32_t { fork_worker = 1, reopen_logs = 2 };

  Kind kind = Kind::reopen_logs;
  // Of the worker.
  std::uint32_t slot = 0;
  std::uint32_t seat = 0;
  std::uint32_t epoch = 0;
  std::uint64_t ordered_ns = 0;  // CLOCK_MONOTONIC
};

struct ReceivedForkOrder {
  ForkOrder order;
  ControlEnd control;  // of fork_worker
};

struct ForkOrderPair {
  OwnedFd master;
  OwnedFd server;
};

// Close-on-exec. Throws std::system_error.
ForkOrderPair make_fork_order_pair();

// Master: never waits. `control` may be closed afterwards; null: none goes along. 0, or the errno.
int send_fork_order(int socket, const ForkOrder& order, const ControlEnd* control);

// Fork server: waits for the next one. Nothing: there will be none.
std::optional<ReceivedForkOrder> receive_fork_order(int socket);

}  // namespace prefork::ipc
