#include "ipc/leadership.h"

#include <gtest/gtest.h>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using testing_ipc::stand_still;

TEST(Leadership, BelongsToOneProcessAndIsFreeWhenItDies) {
  Leadership leadership;
  Gate taken;
  ForkedChild leader([&] {
    EXPECT_TRUE(leadership.try_take());
    EXPECT_TRUE(leadership.try_take()) << "it stays the leader";
    taken.open();
    stand_still();
  });
  taken.wait();
  EXPECT_FALSE(leadership.try_take());
  EXPECT_FALSE(leadership.is_held());
  leader.kill_and_wait();
  EXPECT_TRUE(leadership.try_take());
  EXPECT_TRUE(leadership.is_held());
}

TEST(Leadership, StaysWithItsProcessWhateverAForkDoes) {
  Leadership leadership;
  ASSERT_TRUE(leadership.try_take());
  ForkedChild child([&] { leadership.give_up(); });
  EXPECT_EQ(child.wait(), 0);
  ForkedChild rival([&] {
    struct flock probe {};
    probe.l_type = F_WRLCK;
    probe.l_whence = SEEK_SET;
    probe.l_len = 1;
    EXPECT_EQ(::fcntl(leadership.fd(), F_SETLK, &probe), -1) << "the lock is still held";
  });
  EXPECT_EQ(rival.wait(), 0);
}

TEST(Leadership, HasALargerTokenWithEachLeader) {
  Leadership leadership;
  EXPECT_EQ(leadership.token(), 0U);
  for (int i = 0; i < 3; ++i) {
    ForkedChild leader([&] {
      ASSERT_TRUE(leadership.try_take());
      EXPECT_EQ(leadership.token(), static_cast<std::uint64_t>(i) + 1);
      ::raise(SIGKILL);
    });
    EXPECT_EQ(leader.wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(leadership.try_take());
  EXPECT_EQ(leadership.token(), 4U);
  EXPECT_TRUE(leadership.try_take());
  EXPECT_EQ(leadership.token(), 4U) << "it is the same leader";
  leadership.give_up();
  EXPECT_EQ(leadership.token(), 0U);
}

TEST(Leadership, GivenUpIsForAnotherAndForGood) {
  Leadership leadership;
  ASSERT_TRUE(leadership.try_take());
  leadership.give_up();
  EXPECT_FALSE(leadership.is_held());
  EXPECT_FALSE(leadership.try_take());
  ForkedChild other([&] {
    struct flock probe {};
    probe.l_type = F_WRLCK;
    probe.l_whence = SEEK_SET;
    probe.l_len = 1;
    EXPECT_EQ(::fcntl(leadership.fd(), F_SETLK, &probe), 0) << "the lock is free";
  });
  EXPECT_EQ(other.wait(), 0);
}

}  // namespace
}  // namespace prefork::ipc
