#include "ipc/control_channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace prefork::ipc {

static_assert(kFrameSize <= PIPE_BUF);

ControlEnd::ControlEnd(OwnedFd read_end, OwnedFd write_end)
    : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}

SendResult ControlEnd::send(const Frame& frame) {
  const FrameBytes bytes = encode(frame);
  for (;;) {
    if (::write(write_end_.get(), bytes.data(), bytes.size()) >= 0) {
      return SendResult::sent;
    }
    if (errno != EINTR) {
      return errno == EAGAIN ? SendResult::full : SendResult::closed;
    }
  }
}

ReceiveResult ControlEnd::receive(
    const std::function<void(const std::variant<Frame, FrameError>&)>& handle) {
  for (int frames = 0; frames < kMaxFramesPerTurn;) {
    FrameBytes bytes;
    // Writers write whole frames, so a pipe holds whole frames and a read of one frame gets one.
    const ssize_t size = ::read(read_end_.get(), bytes.data(), bytes.size());
    if (size == static_cast<ssize_t>(kFrameSize)) {
      handle(decode(bytes));
      ++frames;
    } else if (size > 0) {
      handle(FrameError::length);
      ++frames;
    } else if (size == 0) {
      return ReceiveResult::closed;
    } else if (errno != EINTR) {
      return errno == EAGAIN ? ReceiveResult::empty : ReceiveResult::closed;
    }
  }
  return ReceiveResult::empty;
}

ControlPair make_control_pair() {
  int to_child[2];
  int to_master[2];
  if (::pipe2(to_child, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2 for the control channel");
  }
  OwnedFd child_read(to_child[0]);
  OwnedFd master_write(to_child[1]);
  if (::pipe2(to_master, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2 for the control channel");
  }
  OwnedFd master_read(to_master[0]);
  OwnedFd child_write(to_master[1]);
  return {ControlEnd(std::move(master_read), std::move(master_write)),
          ControlEnd(std::move(child_read), std::move(child_write))};
}

}  // namespace prefork::ipc
