#include "workers/master/poll_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "ipc/base/owned_fd.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_end = ipc::OwnedFd(ends[0]);
    write_end = ipc::OwnedFd(ends[1]);
  }
  void write() const { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); }

  ipc::OwnedFd read_end;
  ipc::OwnedFd write_end;
};

TEST(PollSet, CallsWhatBelongsToReadableDescriptorsInTheOrderTheyWereAdded) {
  const Pipe first;
  const Pipe second;
  const Pipe third;
  std::string called;
  PollSet polled;
  polled.add(third.read_end.get(), [&called] { called += "third "; });
  polled.add(second.read_end.get(), [&called] { called += "second "; });
  polled.add(first.read_end.get(), [&called] { called += "first "; });
  first.write();
  third.write();
  polled.wait(10s);
  EXPECT_EQ(called, "") << "only dispatch() calls";
  polled.dispatch();
  EXPECT_EQ(called, "third first ");
}

TEST(PollSet, OfWhichOnlyTheEndIsWaitedForCallsNothingBeforeThat) {
  Pipe pipe;
  bool called = false;
  PollSet polled;
  polled.add_for_end(pipe.read_end.get(), [&called] { called = true; });
  pipe.write();
  polled.wait(0ms);
  polled.dispatch();
  EXPECT_FALSE(called) << "it is only readable";
  pipe.write_end.reset();
  polled.wait(10s);
  polled.dispatch();
  EXPECT_TRUE(called);
}

TEST(PollSet, ADescriptorWhoseOtherEndIsClosedIsReadable) {
  Pipe pipe;
  bool called = false;
  PollSet polled;
  polled.add(pipe.read_end.get(), [&called] { called = true; });
  pipe.write_end.reset();
  polled.wait(10s);
  polled.dispatch();
  EXPECT_TRUE(called);
}

TEST(PollSet, NothingIsCalledWhenTheTimeHasPassed) {
  const Pipe pipe;
  bool called = false;
  PollSet polled;
  polled.add(pipe.read_end.get(), [&called] { called = true; });
  polled.wait(0ms);
  polled.dispatch();
  EXPECT_FALSE(called);
}

TEST(PollSet, AnEmptyOneOnlyWaits) {
  PollSet polled;
  polled.wait(0ms);
  polled.dispatch();
}

}  // namespace
}  // namespace prefork::master
