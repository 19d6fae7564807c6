// What a thread is in, as /proc says it.
#include "workers/master/thread_look.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>

namespace prefork::master {
namespace {

using Kind = ThreadLook::Kind;

TEST(AThread, ThatRunsOrWaitsForALockMayBeInterrupted) {
  EXPECT_EQ(parse_thread_look("running\n").kind, Kind::interruptible);
  EXPECT_EQ(parse_thread_look("-1 0x7ffd10 0x7f00\n").kind, Kind::interruptible);
  const std::string futex = std::to_string(SYS_futex) + " 0x7f01 0x80 0x2 ";
  EXPECT_EQ(parse_thread_look(futex + "0x0 0x0 0x0 0x7ffd10 0x7f00\n").kind, Kind::interruptible);
  EXPECT_EQ(parse_thread_look(futex + "0x7f08 0x0 0x0 0x7ffd10 0x7f00\n").kind, Kind::waits)
      << "with a time limit";
}

TEST(AThread, ThatWaitsInACallIsNotInterrupted) {
  const ThreadLook look = parse_thread_look("230 0x1 0x0 0x7ffd20 0x0 0x0 0x0 0x7ffd10 0x7f00\n");
  EXPECT_EQ(look.kind, Kind::waits);
  EXPECT_EQ(look.stack_pointer, 0x7ffd10U);
  EXPECT_EQ(look.program_counter, 0x7f00U);
}

TEST(AThread, OfWhichNothingCanBeReadIsLeftAlone) {
  for (const char* text : {"", "\n", "nonsense", "0x10"}) {
    EXPECT_NE(parse_thread_look(text).kind, Kind::interruptible) << text;
  }
  EXPECT_EQ(look_at_thread(0, 0).kind, Kind::unknown);
  EXPECT_TRUE(scan_stack(0, {Kind::waits, 0, 0x10}, {}).size() == 1);
}

#if defined(__x86_64__)
TEST(ACall, IsKnownByItsLastBytes) {
  EXPECT_TRUE(ends_with_call({0x90, 0x90, 0xE8, 1, 2, 3, 4})) << "call near";
  EXPECT_TRUE(ends_with_call({0x90, 0x90, 0x90, 0x90, 0x90, 0xFF, 0xD0})) << "call rax";
  EXPECT_TRUE(ends_with_call({0x90, 0xFF, 0x15, 1, 2, 3, 4})) << "call [rip+...]";
  EXPECT_FALSE(ends_with_call({0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}));
  EXPECT_FALSE(ends_with_call({0x90, 0x90, 0x90, 0x90, 0x90, 0xFF, 0xE0})) << "jmp rax";
}
#endif

}  // namespace
}  // namespace prefork::master
