#include "ipc/base/process_key.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::SharedValue;
using testing_ipc::stand_still;

TEST(ProcessKey, OfThisProcessHasItsPidAndIsAlive) {
  const ProcessKey own = ProcessKey::own();
  EXPECT_EQ(own.pid(), ::getpid());
  EXPECT_TRUE(own.is_alive());
  EXPECT_EQ(own, ProcessKey::own());
  EXPECT_FALSE(own.is_none());
  EXPECT_TRUE(ProcessKey().is_none());
}

TEST(ProcessKey, OfAForkIsAnotherOneAndDeadWithItReapedOrNot) {
  SharedValue<std::atomic<std::uint64_t>> bits;
  const ProcessKey parent = ProcessKey::own();
  ForkedChild child([&] {
    EXPECT_NE(ProcessKey::own(), parent);
    *bits = ProcessKey::own().bits();
    stand_still();
  });
  while (bits->load() == 0) {
    std::this_thread::yield();
  }
  const ProcessKey key(bits->load());
  EXPECT_TRUE(key.is_alive());
  child.kill();
  while (!child.has_ended()) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(key.is_alive()) << "it was not reaped";
  child.wait();
  EXPECT_FALSE(key.is_alive());
}

TEST(ProcessKey, OfThatPidAtAnotherTimeIsDead) {
  const std::uint64_t own = ProcessKey::own().bits();
  constexpr std::uint64_t kATick = std::uint64_t{1} << 24;
  EXPECT_TRUE(ProcessKey(own).is_alive());
  EXPECT_EQ(ProcessKey(own - kATick).pid(), ::getpid());
  EXPECT_FALSE(ProcessKey(own - kATick).is_alive());
}

bool is_gone(pid_t thread) {
  std::ifstream file("/proc/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  return line.find(") Z ") != std::string::npos;
}

TEST(ProcessKey, LivesAsLongAsAnyOfItsThreads) {
  SharedValue<std::atomic<std::uint64_t>> bits;
  ForkedChild child([&] {
    const std::uint64_t own = ProcessKey::own().bits();
    std::thread([&bits, own, first = ::getpid()] {
      while (!is_gone(first)) {
        std::this_thread::yield();
      }
      *bits = own;
      stand_still();
    }).detach();
    // pthread_exit(3) would unwind through what must not be left so.
    ::syscall(SYS_exit, 0);
  });
  while (bits->load() == 0) {
    ASSERT_FALSE(child.has_ended());
    std::this_thread::yield();
  }
  EXPECT_TRUE(ProcessKey(bits->load()).is_alive());
}

}  // namespace
}  // namespace prefork::ipc
