// --start-order, which the server gives to its own processes and nobody else should.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <variant>
#include <vector>

#include "ipc/control_channel.h"
#include "tests/support/server_process.h"
#include "workers/child/start_order.h"

namespace prefork::test {
namespace {

constexpr const char* kRefusal =
    "prefork-server: --start-order is how the server starts its own processes (--start-method "
    "spawn), which find their orders in a descriptor; leave it out\n";

TEST(StartOrderByHand, IsALineAndACode) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--start-order"},
                                                    {"--start-order", "7"},
                                                    {"--start-order", "0"},
                                                    {"--start-order", "99999999999999999999"},
                                                    {"--start-order", "-1"},
                                                    {"--start-order", "x"},
                                                    {"--start-order", "7", "--workers"}}) {
    const FinishedRun run = run_to_the_end(launch_of(arguments));
    EXPECT_EQ(run.exit, exit_code(2));
    EXPECT_EQ(run.err, kRefusal);
    EXPECT_EQ(run.out, "");
  }
}

TEST(StartOrderByHand, OfAFileOrOfMemoryThatCanBeChangedIsRefused) {
  const ipc::OwnedFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const ipc::OwnedFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const child::StartOrderHead head;
  ASSERT_EQ(::write(memory.get(), &head, sizeof head), static_cast<ssize_t>(sizeof head));
  for (const int fd : {file.get(), memory.get()}) {
    Launch launch = launch_of({"--start-order", "30"});
    launch.descriptors[30] = fd;
    const FinishedRun run = run_to_the_end(launch);
    EXPECT_EQ(run.exit, exit_code(2));
    EXPECT_EQ(run.err, kRefusal);
  }
}

// How a process ends that gets these orders, and what it tells the master.
class WrongStartOrder : public testing::Test {
 protected:
  std::string told_with(const ipc::OwnedFd& written) {
    Launch launch = launch_of({"--start-order", "30"});
    launch.descriptors[30] = written.get();
    launch.descriptors[31] = pipes_.child.read_fd();
    launch.descriptors[32] = pipes_.child.write_fd();
    EXPECT_EQ(run_to_the_end(launch).exit, exit_code(3));
    std::string told;
    pipes_.master.receive([&](const auto& decoded) {
      const auto& frame = std::get<ipc::Frame>(decoded);
      EXPECT_EQ(frame.epoch, 7U);
      told = std::get<ipc::BootFailedFrame>(frame.message).reason;
    });
    return told;
  }
  static child::StartOrder order() {
    child::StartOrder order;
    order.epoch = 7;
    order.descriptors.control_read = 31;
    order.descriptors.control_write = 32;
    return order;
  }

  ipc::ControlPair pipes_ = ipc::make_control_pair();
};

TEST_F(WrongStartOrder, OfAnotherVersionIsToldToTheMaster) {
  child::StartOrderHead head;
  head.version = 99;
  head.size = sizeof head;
  head.epoch = 7;
  head.control_read = 31;
  head.control_write = 32;
  const ipc::OwnedFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::write(memory.get(), &head, sizeof head), static_cast<ssize_t>(sizeof head));
  ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  EXPECT_EQ(
      told_with(memory),
      "it could not be started: its orders are of version 99, and this program reads version " +
          std::to_string(child::StartOrderHead{}.version));
}

TEST_F(WrongStartOrder, WithOptionsThatAreNoneIsToldToTheMaster) {
  child::StartOrder wrong = order();
  wrong.options = "threads";
  EXPECT_EQ(told_with(child::write_start_order(wrong)),
            "it could not be started: the options are cut off");
}

TEST_F(WrongStartOrder, WithADescriptorThatIsNotOpenIsToldToTheMaster) {
  child::StartOrder wrong = order();
  wrong.descriptors.segment = 90;
  EXPECT_EQ(told_with(child::write_start_order(wrong)),
            "it could not be started: a descriptor of its orders is not open");
}

TEST_F(WrongStartOrder, WithAnotherThingInPlaceOfTheSegmentIsToldToTheMaster) {
  child::StartOrder wrong = order();
  wrong.slot_capacity = 4;
  wrong.descriptors.segment = 31;
  EXPECT_EQ(told_with(child::write_start_order(wrong)),
            "it could not be started: the statistics segment is not one of so many slots");
}

}  // namespace
}  // namespace prefork::test
