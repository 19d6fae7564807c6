#include "ipc/route_bans.h"

#include <gtest/gtest.h>

#include <memory>

namespace prefork::ipc {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr RouteKey kRoute{3, 7};

class RouteBansTest : public testing::Test {
 protected:
  RouteBansTest() { EXPECT_TRUE(bans_.ban(kRoute, "GET /orders/17", 130 * kSecond)); }

  RouteBans bans_;
};

TEST(RouteBans, NothingIsBannedToBeginWith) {
  RouteBans bans;
  EXPECT_FALSE(bans.has_any());
  EXPECT_FALSE(bans.banned_for_ns(kRoute, kSecond));
  EXPECT_TRUE(bans.list().empty());
}

TEST_F(RouteBansTest, HoldsForThatRouteOfThatGenerationAlone) {
  EXPECT_TRUE(bans_.has_any());
  EXPECT_EQ(bans_.banned_for_ns(kRoute, 100 * kSecond), 30 * kSecond);
  EXPECT_FALSE(bans_.banned_for_ns({3, 8}, 100 * kSecond));
  EXPECT_FALSE(bans_.banned_for_ns({4, 7}, 100 * kSecond));
}

TEST_F(RouteBansTest, LetsOneThroughWhenItsTimeIsOver) {
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 130 * kSecond));
  EXPECT_EQ(bans_.banned_for_ns(kRoute, 131 * kSecond), kSecond) << "the trial goes on";
  EXPECT_TRUE(bans_.list().front().is_on_trial);
}

TEST_F(RouteBansTest, IsLiftedAfterATrialThatKilledNobody) {
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 130 * kSecond));
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 132 * kSecond));
  EXPECT_FALSE(bans_.has_any());
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 132 * kSecond));
}

TEST_F(RouteBansTest, HoldsAgainAfterATrialThatKilled) {
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 130 * kSecond));
  EXPECT_TRUE(bans_.ban(kRoute, "GET /orders/18", 190 * kSecond));
  EXPECT_EQ(bans_.banned_for_ns(kRoute, 133 * kSecond), 57 * kSecond);
  ASSERT_EQ(bans_.list().size(), 1U);
  EXPECT_EQ(bans_.list().front().request, "GET /orders/18");
  EXPECT_FALSE(bans_.list().front().is_on_trial);
}

TEST_F(RouteBansTest, AreLiftedAllTogether) {
  EXPECT_TRUE(bans_.ban({3, 9}, "GET /", 130 * kSecond));
  bans_.clear();
  EXPECT_FALSE(bans_.has_any());
  EXPECT_FALSE(bans_.banned_for_ns(kRoute, 100 * kSecond));
}

TEST_F(RouteBansTest, KeepOnlyTheBeginningOfALongPath) {
  bans_.clear();
  EXPECT_TRUE(bans_.ban(kRoute, "GET /" + std::string(500, 'x'), kSecond));
  EXPECT_EQ(bans_.list().front().request, "GET /" + std::string(91, 'x'));
}

TEST(RouteBans, HaveALimitAndUseFreedLinesAgain) {
  RouteBans bans;
  for (std::uint16_t route = 1; route <= RouteBans::kLines; ++route) {
    EXPECT_TRUE(bans.ban({1, route}, "GET /", kSecond));
  }
  EXPECT_FALSE(bans.ban({1, 1000}, "GET /", kSecond));
  bans.clear();
  EXPECT_TRUE(bans.ban({1, 1000}, "GET /", kSecond));
}

}  // namespace
}  // namespace prefork::ipc
