#include <gtest/gtest.h>

#include "workers/selftest/selftest.h"

namespace prefork::selftest {
namespace {

std::string problem_of(const std::vector<std::string>& arguments) {
  const auto order = read_selftest_order(arguments);
  return order.ok() ? "" : order.problem().text;
}

TEST(SelftestOrder, IsTenSecondsOfEverythingUnlessToldOtherwise) {
  const auto order = read_selftest_order({});
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order.value().time, std::chrono::seconds(10));
  EXPECT_EQ(order.value().rounds, 0U);
  EXPECT_EQ(order.value().deeds.size(), kDeedTexts.size());
  EXPECT_TRUE(order.value().options.empty());
}

TEST(SelftestOrder, HasWhatIsAskedFor) {
  const auto order =
      read_selftest_order({"--seconds", "3", "--rounds", "7", "--workers", "8", "--seed", "9",
                           "--only", "kill,reload", "--", "--start-method", "spawn"});
  ASSERT_TRUE(order.ok()) << order.problem().text;
  EXPECT_EQ(order.value().time, std::chrono::seconds(3));
  EXPECT_EQ(order.value().rounds, 7U);
  EXPECT_EQ(order.value().workers, 8U);
  EXPECT_EQ(order.value().seed, 9U);
  EXPECT_EQ(order.value().deeds, (std::vector{Deed::kill_worker, Deed::reload}));
  EXPECT_EQ(order.value().options, (std::vector<std::string>{"--start-method", "spawn"}));
}

TEST(SelftestOrder, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of({"--seconds"}),
            "selftest: --seconds needs a number from 1 to 604800, not ''");
  EXPECT_EQ(problem_of({"--seconds", "0"}),
            "selftest: --seconds needs a number from 1 to 604800, not '0'");
  EXPECT_EQ(problem_of({"--seed", "x"}),
            "selftest: --seed needs a number from 0 to 18446744073709551615, not 'x'");
  EXPECT_NE(problem_of({"--rounds", "1000001"}), "");
  EXPECT_EQ(problem_of({"--workers", "3"}),
            "selftest: --workers needs a number from 4 to 64, not '3'");
  EXPECT_NE(problem_of({"--only", "kill,,reload"}).find("--only has no ''"), std::string::npos);
  EXPECT_NE(
      problem_of({"./site"}).find("unknown argument './site'. Usage: prefork-server selftest"),
      std::string::npos);
}

}  // namespace
}  // namespace prefork::selftest
