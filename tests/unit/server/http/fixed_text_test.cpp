#include "server/http/fixed_text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace prefork::http {
namespace {

TEST(FixedText, HoldsWhatIsAppendedUpToItsCapacity) {
  FixedText<12> text;
  EXPECT_EQ(text.view(), "");
  text.append("ab").append("").append_number(255, 16).append_padded(7, 3).append_number(0);
  EXPECT_EQ(text.view(), "abff0070");
  text.append("1234");
  EXPECT_EQ(text.view(), "abff00701234");
}

TEST(FixedText, HasRoomForTheLargestNumberWhereItWasPlanned) {
  FixedText<20> text;
  EXPECT_EQ(text.append_number(UINT64_MAX).view(), "18446744073709551615");
}

TEST(FixedTextDeathTest, AbortsRatherThanWritingBehindItsEnd) {
  FixedText<3> text;
  text.append("ab");
  EXPECT_DEATH(text.append("cd"), "");
  EXPECT_DEATH(text.append_number(10), "");
  EXPECT_DEATH(text.append_padded(1, 2), "");
}

}  // namespace
}  // namespace prefork::http
