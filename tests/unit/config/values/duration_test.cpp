#include "config/values/duration.h"

#include <gtest/gtest.h>

#include <limits>

namespace prefork::config {
namespace {

using namespace std::chrono_literals;

std::chrono::milliseconds parsed_duration(std::string_view text) {
  return parse_duration(text).value_or(-999ms);
}

TEST(Duration, TakesTheFourUnits) {
  EXPECT_EQ(parsed_duration("500ms"), 500ms);
  EXPECT_EQ(parsed_duration("30s"), 30'000ms);
  EXPECT_EQ(parsed_duration("2m"), 120'000ms);
  EXPECT_EQ(parsed_duration("1h"), 3'600'000ms);
  EXPECT_EQ(parsed_duration("0s"), 0ms);
}

TEST(Duration, TakesAPlainNumberAsSeconds) {
  EXPECT_EQ(parsed_duration("5"), 5'000ms);
  EXPECT_EQ(parsed_duration("0"), 0ms);
}

TEST(Duration, KeepsASignForTheRangeCheck) { EXPECT_EQ(parsed_duration("-5s"), -5'000ms); }

TEST(Duration, SaturatesWhatDoesNotFit) {
  constexpr auto kMost = std::chrono::milliseconds(std::numeric_limits<std::int64_t>::max());
  constexpr auto kLeast = std::chrono::milliseconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed_duration("9223372036854775807ms"), kMost);
  EXPECT_EQ(parsed_duration("9223372036854775808ms"), kMost);
  EXPECT_EQ(parsed_duration("9223372036854775807s"), kMost);
  EXPECT_EQ(parsed_duration("99999999999999999999999h"), kMost);
  EXPECT_EQ(parsed_duration("-99999999999999999999999h"), kLeast);
}

TEST(Duration, RefusesWhatIsNotADuration) {
  for (const char* text : {"", " ", "s", "-", "ms", "five", "5 s", " 5s", "5s ", "5S", "5sec", "5d",
                           "1.5s", "+5s", "1h30m", "0x5", "--5"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsWrittenAsPeopleWouldWriteIt) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(10ms), "10ms");
  EXPECT_EQ(format_duration(1'500ms), "1500ms");
  EXPECT_EQ(format_duration(5'000ms), "5s");
  EXPECT_EQ(format_duration(60'000ms), "60s");
  EXPECT_EQ(format_duration(90'000ms), "90s");
  EXPECT_EQ(format_duration(120'000ms), "2m");
  EXPECT_EQ(format_duration(3'600'000ms), "1h");
  EXPECT_EQ(format_duration(86'400'000ms), "24h");
}

TEST(Duration, ReadsBackWhatItWrites) {
  for (const auto value : {0ms, 1ms, 999ms, 1'000ms, 60'000ms, 61'000ms, 120'000ms, 86'400'000ms}) {
    EXPECT_EQ(parsed_duration(format_duration(value)), value);
  }
}

}  // namespace
}  // namespace prefork::config
