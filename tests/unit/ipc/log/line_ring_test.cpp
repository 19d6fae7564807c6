// Lines on their way through shared memory: whole, in order, and nothing believed of what a process
// has left there.
#include "ipc/log/line_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ipc/log/log_rings.h"

namespace prefork::ipc {
namespace {

constexpr Place kSeat{1, 1};

std::string line_of(std::size_t number, std::size_t size) {
  std::string line = std::to_string(number);
  line.resize(size - 1, '.');
  return line + "\n";
}

TEST(LineRings, GiveWhatWasPushedInOrder) {
  const LogRings rings(2);
  const std::unique_ptr<LineRing> ring = rings.open(kSeat);
  EXPECT_TRUE(ring->empty());
  EXPECT_EQ(ring->lines(), "");
  EXPECT_TRUE(ring->push("first\n"));
  const std::uint64_t behind_first = ring->end();
  EXPECT_TRUE(ring->push("second\n"));
  EXPECT_EQ(ring->lines(), "first\nsecond\n");
  EXPECT_EQ(ring->lines(behind_first), "first\n");
  ring->pop(6);
  EXPECT_EQ(ring->lines(behind_first), "");
  EXPECT_EQ(ring->lines(0), "") << "a position that is long past";
  EXPECT_EQ(ring->lines(), "second\n");
  EXPECT_EQ(ring->size(), 7U);
}

TEST(LineRings, ALineAcrossTheEndIsInOnePiece) {
  const LogRings rings(2);
  const std::unique_ptr<LineRing> ring = rings.open(kSeat);
  for (std::size_t number = 0; number < 3 * LineRing::kBytes / 999; ++number) {
    const std::string line = line_of(number, 999);
    ASSERT_TRUE(ring->push(line));
    ASSERT_EQ(ring->lines(), line) << number;
    ring->pop(line.size());
  }
}

TEST(LineRings, TakeALineAsAWholeOrNotAtAll) {
  const LogRings rings(2);
  const std::unique_ptr<LineRing> ring = rings.open(kSeat);
  std::size_t taken = 0;
  while (ring->push(line_of(taken, 1000))) {
    ++taken;
  }
  EXPECT_EQ(taken, LineRing::kBytes / 1000);
  EXPECT_EQ(ring->lines().size(), taken * 1000);
  EXPECT_TRUE(ring->push(line_of(0, LineRing::kBytes % 1000))) << "to the last byte";
  EXPECT_FALSE(ring->push("\n"));
  ring->pop(1000);
  EXPECT_TRUE(ring->push(line_of(taken, 1000)));
  EXPECT_EQ(ring->lines().substr(0, 4), "1...");
}

TEST(LineRings, WhatAProcessHasLeftIsThereForTheNext) {
  const LogRings rings(2);
  rings.open(kSeat)->push("left\n");
  rings.open(kSeat)->set_target("/var/log/access.log");
  const std::unique_ptr<LineRing> ring = rings.open(kSeat);
  EXPECT_EQ(ring->lines(), "left\n");
  EXPECT_EQ(ring->target(), "/var/log/access.log");
  EXPECT_TRUE(rings.open({1, 0})->empty()) << "each seat has its own";
  EXPECT_TRUE(rings.open({0, 1})->empty());
  ring->push("more\n");
  EXPECT_EQ(ring->lines(), "left\nmore\n");
}

TEST(LineRings, AreReadByAnotherProcessThatHasTheMemoryAlone) {
  const LogRings rings(2);
  rings.open(kSeat)->push("line\n");
  const LogRings others(OwnedFd(::dup(rings.fd())), 2);
  EXPECT_EQ(others.open(kSeat)->lines(), "line\n");
  EXPECT_EQ(rings.reader(kSeat).try_take(), Taken::yes);
  EXPECT_EQ(others.reader(kSeat).owner(), ProcessKey::own());
  EXPECT_TRUE(others.reader({1, 0}).owner().is_none());
  EXPECT_ANY_THROW(LogRings(OwnedFd(::dup(rings.fd())), 3)) << "of another number of slots";
}

// As memory that somebody has written over.
TEST(LineRings, NoPositionIsBelievedFurtherThanTheRingGoes) {
  const LogRings rings(1);
  const std::unique_ptr<LineRing> ring = rings.open({0, 0});
  ring->push("line\n");
  ring->pop(1000);
  EXPECT_EQ(ring->lines(), "");
  EXPECT_TRUE(ring->empty()) << "it begins anew";
  ring->push("next\n");
  EXPECT_EQ(ring->lines(), "next\n");
}

TEST(LineRings, ATargetThatIsTooLongIsNone) {
  const LogRings rings(1);
  const std::unique_ptr<LineRing> ring = rings.open({0, 0});
  const std::string longest(LineRing::kMaxTargetBytes - 1, 'x');
  ring->set_target(longest);
  EXPECT_EQ(ring->target(), longest);
  ring->set_target(longest + "x");
  EXPECT_EQ(ring->target(), "");
}

TEST(LineRings, GiveTheirMemoryBack) {
  const LogRings rings(1);
  const std::unique_ptr<LineRing> ring = rings.open({0, 0});
  ring->push(line_of(1, 4000));
  const std::string_view lines = ring->lines();
  ring->pop(lines.size());
  ring->give_back();
  EXPECT_EQ(lines[0], '\0') << "a page of the system's";
  ring->push("next\n");
  EXPECT_EQ(ring->lines(), "next\n");
}

}  // namespace
}  // namespace prefork::ipc
