#include "server/http/byte_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <utility>

namespace prefork::http {
namespace {

TEST(ByteBuffer, StartsEmpty) {
  const ByteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.view(), "");
}

TEST(ByteBuffer, GivesBackInOrderWhatWasAppended) {
  ByteBuffer buffer;
  buffer.append("abc");
  buffer.append("");
  buffer.append("defg");
  EXPECT_EQ(buffer.view(), "abcdefg");
  buffer.consume(2);
  EXPECT_EQ(buffer.view(), "cdefg");
  buffer.append("h");
  EXPECT_EQ(buffer.view(), "cdefgh");
  buffer.consume(6);
  EXPECT_TRUE(buffer.empty());
}

TEST(ByteBuffer, OnlyWhatIsCommittedCounts) {
  ByteBuffer buffer;
  buffer.append("x");
  std::memcpy(buffer.prepare(100), "yz..", 4);
  EXPECT_EQ(buffer.view(), "x");
  buffer.commit(2);
  EXPECT_EQ(buffer.view(), "xyz");
}

TEST(ByteBuffer, UsesTheRoomOfConsumedBytesBeforeItGrows) {
  ByteBuffer buffer;
  buffer.append(std::string(500, 'a'));
  const char* const memory = buffer.data();
  buffer.consume(499);
  buffer.append(std::string(300, 'b'));
  EXPECT_EQ(buffer.data(), memory) << "the bytes moved to the front of the same memory";
  EXPECT_EQ(buffer.view(), "a" + std::string(300, 'b'));
}

TEST(ByteBuffer, StartsAtTheFrontAgainWhenAllIsConsumed) {
  ByteBuffer buffer;
  buffer.append("abc");
  const char* const memory = buffer.data();
  buffer.consume(3);
  buffer.append("d");
  EXPECT_EQ(buffer.data(), memory);
}

TEST(ByteBuffer, ClearKeepsTheMemoryAndReleaseGivesItBack) {
  ByteBuffer buffer;
  buffer.append(std::string(5000, 'a'));
  const char* const memory = buffer.data();
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.data(), memory);
  buffer.release();
  EXPECT_EQ(buffer.data(), nullptr);
  buffer.append("still usable");
  EXPECT_EQ(buffer.view(), "still usable");
}

TEST(ByteBuffer, MovingLeavesTheSourceEmpty) {
  ByteBuffer source;
  source.append("abc");
  ByteBuffer target;
  target.append("old");
  target = std::move(source);
  EXPECT_EQ(target.view(), "abc");
  const ByteBuffer third(std::move(target));
  EXPECT_EQ(third.view(), "abc");
}

TEST(ByteBuffer, BehavesLikeAStringUnderRandomUse) {
  std::mt19937 random(20260101);
  ByteBuffer buffer;
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t size = random() % 700;
    if (random() % 2 == 0) {
      const std::string text(size, static_cast<char>('a' + random() % 26));
      buffer.append(text);
      model += text;
    } else {
      const std::size_t taken = std::min(size, model.size());
      buffer.consume(taken);
      model.erase(0, taken);
    }
    ASSERT_EQ(buffer.view(), model) << "after step " << step;
  }
}

TEST(ByteBuffer, DropsBytesAtTheEnd) {
  ByteBuffer buffer;
  buffer.append("abcdef");
  buffer.consume(1);
  buffer.drop_back(2);
  EXPECT_EQ(buffer.view(), "bcd");
  buffer.append("x");
  EXPECT_EQ(buffer.view(), "bcdx");
  buffer.drop_back(4);
  EXPECT_TRUE(buffer.empty());
}

}  // namespace
}  // namespace prefork::http
