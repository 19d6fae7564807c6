#include "config/values/byte_size.h"

#include <gtest/gtest.h>

#include <limits>

namespace prefork::config {
namespace {

std::int64_t parsed_size(std::string_view text) { return parse_byte_size(text).value_or(-999); }

TEST(ByteSize, TakesUnitsInPowersOf1024) {
  EXPECT_EQ(parsed_size("64k"), 65'536);
  EXPECT_EQ(parsed_size("64K"), 65'536);
  EXPECT_EQ(parsed_size("1m"), 1'048'576);
  EXPECT_EQ(parsed_size("1M"), 1'048'576);
  EXPECT_EQ(parsed_size("1g"), 1'073'741'824);
  EXPECT_EQ(parsed_size("0k"), 0);
}

TEST(ByteSize, TakesAPlainNumberAsBytes) { EXPECT_EQ(parsed_size("1000"), 1'000); }

TEST(ByteSize, KeepsASignForTheRangeCheck) { EXPECT_EQ(parsed_size("-1k"), -1'024); }

TEST(ByteSize, SaturatesWhatDoesNotFit) {
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(parsed_size("9223372036854775807"), Limits::max());
  EXPECT_EQ(parsed_size("9223372036854775808"), Limits::max());
  EXPECT_EQ(parsed_size("9007199254740992k"), Limits::max());
  EXPECT_EQ(parsed_size("9007199254740991k"), Limits::max() - 1'023);
  EXPECT_EQ(parsed_size("-99999999999999999999g"), Limits::min());
}

TEST(ByteSize, RefusesWhatIsNotASize) {
  for (const char* text :
       {"", "k", "1kb", "1KiB", "1 k", " 1k", "1k ", "1t", "1.5m", "+1", "0x10"}) {
    EXPECT_FALSE(parse_byte_size(text)) << text;
  }
}

TEST(ByteSize, IsWrittenInTheLargestUnitThatLosesNothing) {
  EXPECT_EQ(format_byte_size(0), "0");
  EXPECT_EQ(format_byte_size(1), "1");
  EXPECT_EQ(format_byte_size(1'023), "1023");
  EXPECT_EQ(format_byte_size(1'024), "1k");
  EXPECT_EQ(format_byte_size(1'500), "1500");
  EXPECT_EQ(format_byte_size(1'048'576), "1m");
  EXPECT_EQ(format_byte_size(1'049'600), "1025k");
  EXPECT_EQ(format_byte_size(std::uint64_t{64} << 30), "64g");
}

}  // namespace
}  // namespace prefork::config
