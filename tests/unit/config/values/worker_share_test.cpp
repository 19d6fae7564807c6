#include "config/values/worker_share.h"

#include <gtest/gtest.h>

namespace prefork::config {
namespace {

std::uint32_t share_of(std::string_view text, std::uint32_t workers) {
  const auto parsed = parse_worker_share(text);
  return parsed.ok() ? parsed.value().of(workers) : 0;
}

TEST(WorkerShare, ANumberIsThatManyOfHoweverManyWorkers) {
  EXPECT_EQ(share_of("8", 64), 8U);
  EXPECT_EQ(share_of("8", 2), 8U);
}

TEST(WorkerShare, APercentageIsRoundedDownButNeverToNone) {
  EXPECT_EQ(share_of("25%", 64), 16U);
  EXPECT_EQ(share_of("25%", 7), 1U);
  EXPECT_EQ(share_of("1%", 64), 1U);
  EXPECT_EQ(share_of("100%", 256), 256U);
}

TEST(WorkerShare, IsWrittenAsItIsRead) {
  for (const char* text : {"1", "256", "1%", "100%"}) {
    EXPECT_EQ(parse_worker_share(text).value().text(), text);
  }
}

TEST(WorkerShare, NothingElseIsOne) {
  for (const char* text : {"0", "257", "0%", "101%", "%", "10 %", "-1", "1.5%", "10%%", "all"}) {
    EXPECT_FALSE(parse_worker_share(text).ok()) << text;
  }
}

}  // namespace
}  // namespace prefork::config
