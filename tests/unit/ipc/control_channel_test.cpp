#include "ipc/control_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;

using Received = std::vector<std::variant<Frame, FrameError>>;

class ControlChannel : public ::testing::Test {
 protected:
  ControlChannel() : old_action_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~ControlChannel() override { std::signal(SIGPIPE, old_action_); }

  // As every process of the server does: a write to a pipe that nobody reads is an error value.
  void (*old_action_)(int);
  ControlPair pair_ = make_control_pair();
};

ReceiveResult receive_into(ControlEnd& end, Received& received) {
  return end.receive([&received](const auto& frame) { received.push_back(frame); });
}

// Waits for the other side and reads until it is gone.
Received receive_until_closed(ControlEnd& end) {
  Received received;
  for (;;) {
    pollfd readable{end.read_fd(), POLLIN, 0};
    ::poll(&readable, 1, -1);
    if (receive_into(end, received) == ReceiveResult::closed) {
      return received;
    }
  }
}

std::uint64_t number_in(const std::variant<Frame, FrameError>& received) {
  return std::get<ReadyFrame>(std::get<Frame>(received).message).boot_us;
}

int bytes_in_pipe(int read_fd) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(read_fd, FIONREAD, &bytes), 0);
  return bytes;
}

// Sends numbered frames until the pipe takes no more; how many it took.
std::uint64_t fill(ControlEnd& end) {
  for (std::uint64_t sent = 0;; ++sent) {
    const SendResult result = end.send({1, ReadyFrame{sent}});
    if (result != SendResult::sent) {
      EXPECT_EQ(result, SendResult::full);
      return sent;
    }
  }
}

TEST_F(ControlChannel, CarriesFramesBothWays) {
  EXPECT_EQ(pair_.child.send({9, ReadyFrame{777}}), SendResult::sent);
  EXPECT_EQ(pair_.master.send({9, DrainFrame{DrainReason::removed}}), SendResult::sent);
  EXPECT_EQ(pair_.master.send({9, ReopenLogsFrame{}}), SendResult::sent);

  Received by_master;
  EXPECT_EQ(receive_into(pair_.master, by_master), ReceiveResult::empty);
  ASSERT_EQ(by_master.size(), 1U);
  EXPECT_EQ(std::get<Frame>(by_master[0]).epoch, 9U);
  EXPECT_EQ(std::get<ReadyFrame>(std::get<Frame>(by_master[0]).message).boot_us, 777U);

  Received by_child;
  EXPECT_EQ(receive_into(pair_.child, by_child), ReceiveResult::empty);
  ASSERT_EQ(by_child.size(), 2U);
  EXPECT_EQ(std::get<DrainFrame>(std::get<Frame>(by_child[0]).message).reason,
            DrainReason::removed);
  EXPECT_TRUE(std::holds_alternative<ReopenLogsFrame>(std::get<Frame>(by_child[1]).message));
}

TEST_F(ControlChannel, AnEmptyPipeIsEmptyAtOnce) {
  Received received;
  EXPECT_EQ(receive_into(pair_.master, received), ReceiveResult::empty);
  EXPECT_EQ(receive_into(pair_.child, received), ReceiveResult::empty);
  EXPECT_TRUE(received.empty());
}

TEST_F(ControlChannel, NeverBlocksAndNeverSurvivesAnExec) {
  for (const int fd : {pair_.master.read_fd(), pair_.master.write_fd(), pair_.child.read_fd(),
                       pair_.child.write_fd()}) {
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(pair_.master.valid());
  EXPECT_FALSE(ControlEnd().valid());
}

TEST_F(ControlChannel, AFullPipeTakesNothingOfAFrame) {
  const std::uint64_t sent = fill(pair_.child);
  ASSERT_GT(sent, 0U);
  const int bytes = bytes_in_pipe(pair_.master.read_fd());
  EXPECT_EQ(bytes, static_cast<int>(sent * kFrameSize));
  EXPECT_EQ(pair_.child.send({1, AliveFrame{}}), SendResult::full);
  EXPECT_EQ(bytes_in_pipe(pair_.master.read_fd()), bytes);
}

TEST_F(ControlChannel, APipeWithRoomForPartOfAFrameTakesNothingOfIt) {
  const int capacity = ::fcntl(pair_.child.write_fd(), F_GETPIPE_SZ);
  ASSERT_GT(capacity, 0);
  const std::string almost_all(static_cast<std::size_t>(capacity) - kFrameSize + 1, 'x');
  ASSERT_EQ(::write(pair_.child.write_fd(), almost_all.data(), almost_all.size()),
            static_cast<ssize_t>(almost_all.size()));
  EXPECT_EQ(pair_.child.send({1, AliveFrame{}}), SendResult::full);
  EXPECT_EQ(bytes_in_pipe(pair_.master.read_fd()), static_cast<int>(almost_all.size()));
}

TEST_F(ControlChannel, WhatWasSentBeforeThePipeWasFullArrivesWholeAndInOrder) {
  const std::uint64_t sent = fill(pair_.child);
  Received received;
  while (bytes_in_pipe(pair_.master.read_fd()) > 0) {
    ASSERT_EQ(receive_into(pair_.master, received), ReceiveResult::empty);
  }
  ASSERT_EQ(received.size(), sent);
  for (std::uint64_t i = 0; i < sent; ++i) {
    ASSERT_TRUE(std::holds_alternative<Frame>(received[i]));
    ASSERT_EQ(number_in(received[i]), i);
  }
  EXPECT_EQ(pair_.child.send({1, ReadyFrame{sent}}), SendResult::sent);
  received.clear();
  receive_into(pair_.master, received);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(number_in(received[0]), sent);
}

TEST_F(ControlChannel, ATalkativeChildGetsALimitedShareOfATurn) {
  constexpr auto kShare = static_cast<std::size_t>(ControlEnd::kMaxFramesPerTurn);
  for (std::uint64_t i = 0; i < kShare + 1; ++i) {
    ASSERT_EQ(pair_.child.send({1, ReadyFrame{i}}), SendResult::sent);
  }
  Received received;
  receive_into(pair_.master, received);
  EXPECT_EQ(received.size(), kShare);
  receive_into(pair_.master, received);
  ASSERT_EQ(received.size(), kShare + 1);
  EXPECT_EQ(number_in(received.back()), kShare);
}

TEST_F(ControlChannel, GarbageIsAnErrorValueAndLimitedToo) {
  const std::string garbage(kFrameSize * 100, '\xAA');
  ASSERT_EQ(::write(pair_.child.write_fd(), garbage.data(), garbage.size()),
            static_cast<ssize_t>(garbage.size()));
  Received received;
  receive_into(pair_.master, received);
  EXPECT_EQ(received.size(), static_cast<std::size_t>(ControlEnd::kMaxFramesPerTurn));
  for (const auto& frame : received) {
    ASSERT_TRUE(std::holds_alternative<FrameError>(frame));
    EXPECT_EQ(std::get<FrameError>(frame), FrameError::magic);
  }
}

TEST_F(ControlChannel, APartOfAFrameIsAnErrorValueAndTheNextFrameIsUnderstood) {
  ASSERT_EQ(::write(pair_.child.write_fd(), "part", 4), 4);
  Received received;
  EXPECT_EQ(receive_into(pair_.master, received), ReceiveResult::empty);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(std::get<FrameError>(received[0]), FrameError::length);
  ASSERT_EQ(pair_.child.send({1, AliveFrame{}}), SendResult::sent);
  EXPECT_EQ(receive_into(pair_.master, received), ReceiveResult::empty);
  ASSERT_EQ(received.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Frame>(received[1]));
}

TEST_F(ControlChannel, BothDirectionsAreClosedWhenTheOtherSideIsGone) {
  ASSERT_EQ(pair_.child.send({1, BootFailedFrame{"last words"}}), SendResult::sent);
  pair_.child = ControlEnd();
  Received received;
  EXPECT_EQ(receive_into(pair_.master, received), ReceiveResult::closed);
  ASSERT_EQ(received.size(), 1U) << "what it said before is still heard";
  EXPECT_EQ(std::get<BootFailedFrame>(std::get<Frame>(received[0]).message).reason, "last words");
  EXPECT_EQ(receive_into(pair_.master, received), ReceiveResult::closed);
  EXPECT_EQ(pair_.master.send({1, ReopenLogsFrame{}}), SendResult::closed);
}

TEST_F(ControlChannel, AFullPipeWhoseReaderIsGoneIsClosed) {
  fill(pair_.master);
  pair_.child = ControlEnd();
  EXPECT_EQ(pair_.master.send({1, ReopenLogsFrame{}}), SendResult::closed);
}

TEST_F(ControlChannel, TheMasterHearsAllThatAChildSaidBeforeItWasKilled) {
  constexpr std::uint64_t kFrames = 100;
  Gate all_said;
  ForkedChild child([&] {
    pair_.master = ControlEnd();
    for (std::uint64_t i = 0; i < kFrames; ++i) {
      EXPECT_EQ(pair_.child.send({1, ReadyFrame{i}}), SendResult::sent);
    }
    all_said.open();
    testing_ipc::stand_still();
  });
  pair_.child = ControlEnd();
  all_said.wait();
  EXPECT_EQ(child.kill_and_wait(), 128 + SIGKILL);
  const Received received = receive_until_closed(pair_.master);
  ASSERT_EQ(received.size(), kFrames);
  EXPECT_EQ(number_in(received.back()), kFrames - 1);
}

TEST_F(ControlChannel, AChildSeesTheEndOfItsMaster) {
  ForkedChild child([&] {
    pair_.master = ControlEnd();
    const Received received = receive_until_closed(pair_.child);
    ASSERT_EQ(received.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<ReopenLogsFrame>(std::get<Frame>(received[0]).message));
    EXPECT_EQ(pair_.child.send({1, AliveFrame{}}), SendResult::closed);
  });
  EXPECT_EQ(pair_.master.send({1, ReopenLogsFrame{}}), SendResult::sent);
  pair_ = ControlPair();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(ControlChannel, FramesOfAChildThatWritesWhileTheMasterReadsArriveWhole) {
  constexpr std::uint64_t kFrames = 5000;
  ForkedChild child([&] {
    pair_.master = ControlEnd();
    for (std::uint64_t i = 0; i < kFrames;) {
      const SendResult result = pair_.child.send({7, ReadyFrame{i}});
      ASSERT_NE(result, SendResult::closed);
      if (result == SendResult::sent) {
        ++i;
        continue;
      }
      pollfd writable{pair_.child.write_fd(), POLLOUT, 0};
      ::poll(&writable, 1, -1);
    }
  });
  pair_.child = ControlEnd();
  const Received received = receive_until_closed(pair_.master);
  EXPECT_EQ(child.wait(), 0);
  ASSERT_EQ(received.size(), kFrames);
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(std::holds_alternative<Frame>(received[i]));
    ASSERT_EQ(number_in(received[i]), i);
  }
}

}  // namespace
}  // namespace prefork::ipc
