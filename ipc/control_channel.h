// One end of the pair of pipes between the master and a child. Never blocks: a frame is written
// whole or not at all, and reading stops when the pipe is empty. The master owns one end, the child
// the other; an end belongs to one thread. Its process ignores SIGPIPE (a pipe has no
// MSG_NOSIGNAL), or sending to a dead child would kill the sender.
#pragma once

#include <cstdint>
#include <functional>

#include "ipc/base/owned_fd.h"
#include "ipc/frames.h"

namespace prefork::ipc {

enum class SendResult : std::uint8_t {
  sent,
  full,    // the other side does not read: its deadlines deal with it, nobody waits here
  closed,  // the other side is gone
};

enum class ReceiveResult : std::uint8_t {
  empty,   // all there was has been handled, or the turn's share of it
  closed,  // end of file: the other side is gone
};

class ControlEnd {
 public:
  ControlEnd() = default;
  ControlEnd(OwnedFd read_end, OwnedFd write_end);

  [[nodiscard]] bool valid() const { return read_end_.valid(); }
  [[nodiscard]] int read_fd() const { return read_end_.get(); }
  [[nodiscard]] int write_fd() const { return write_end_.get(); }

  SendResult send(const Frame& frame);

  // Calls `handle` for each whole frame (or what is wrong with it) that is in the pipe, at most
  // kMaxFramesPerTurn of them, so that one talkative child cannot hold the loop.
  ReceiveResult receive(const std::function<void(const std::variant<Frame, FrameError>&)>& handle);

  static constexpr int kMaxFramesPerTurn = 64;

 private:
  OwnedFd read_end_;
  OwnedFd write_end_;
};

struct ControlPair {
  ControlEnd master;
  ControlEnd child;
};

// Both pipes, non-blocking and close-on-exec. Throws std::system_error.
ControlPair make_control_pair();

}  // namespace prefork::ipc
