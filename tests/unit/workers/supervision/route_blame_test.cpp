#include "workers/supervision/route_blame.h"

#include <gtest/gtest.h>

namespace prefork::supervision {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t kRoute = 7;

class RouteBlameTest : public testing::Test {
 protected:
  std::optional<seconds> charge(seconds at, double share = 1, std::uint32_t route = kRoute) {
    return blame_.charge(route, share, TimePoint{} + at);
  }

  RouteBlame blame_{3};
};

TEST_F(RouteBlameTest, TheThirdDeathWithinAMinuteIsTooMany) {
  EXPECT_FALSE(charge(seconds(1)));
  EXPECT_FALSE(charge(seconds(30)));
  EXPECT_EQ(charge(seconds(61)), RouteBlame::kFirstBan);
}

TEST_F(RouteBlameTest, DeathsThatAreFarApartAreNone) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(charge(i * seconds(31)));
  }
}

TEST_F(RouteBlameTest, EachRouteIsChargedForItself) {
  for (std::uint32_t route = 1; route <= 3; ++route) {
    EXPECT_FALSE(charge(seconds(1), 1, route));
    EXPECT_FALSE(charge(seconds(2), 1, route));
  }
}

TEST_F(RouteBlameTest, DeathsThatOthersMayHaveCausedCountInPart) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(charge(seconds(i), 1.0 / 3)) << i;
  }
  EXPECT_TRUE(charge(seconds(9), 1.0 / 3)) << "nine thirds are three";
}

TEST_F(RouteBlameTest, WhatRanWhenTheBanBeganAddsNothing) {
  charge(seconds(1));
  charge(seconds(1));
  EXPECT_TRUE(charge(seconds(1)));
  EXPECT_FALSE(charge(seconds(2)));
  EXPECT_FALSE(charge(seconds(3)));
}

TEST_F(RouteBlameTest, OneDeathAfterABanIsEnoughAndTheNextBanIsLonger) {
  charge(seconds(0));
  charge(seconds(0));
  seconds now{0};
  seconds expected = *charge(now);
  for (int i = 0; i < 8; ++i) {
    now += expected;
    expected = std::min(2 * expected, RouteBlame::kLongestBan);
    EXPECT_EQ(charge(now), expected);
  }
  EXPECT_EQ(expected, RouteBlame::kLongestBan);
}

TEST_F(RouteBlameTest, WhoWasWellForAWhileAfterABanStartsAnew) {
  charge(seconds(0));
  charge(seconds(0));
  const seconds end = *charge(seconds(0)) + RouteBlame::kProbation;
  EXPECT_FALSE(charge(end));
  EXPECT_FALSE(charge(end + seconds(1)));
  EXPECT_EQ(charge(end + seconds(2)), RouteBlame::kFirstBan);
}

TEST_F(RouteBlameTest, AnotherConfigurationForgetsAll) {
  charge(seconds(0));
  charge(seconds(0));
  blame_.restart(3);
  EXPECT_FALSE(charge(seconds(1)));
}

TEST_F(RouteBlameTest, WithoutALimitNobodyIsBanned) {
  blame_.restart(0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(charge(seconds(0)));
  }
}

TEST_F(RouteBlameTest, TheOldestRouteIsForgottenForAnother) {
  charge(seconds(0));
  charge(seconds(0));
  for (std::uint32_t route = 100; route < 100 + RouteBlame::kMaxRoutes; ++route) {
    charge(seconds(0), 1, route);
  }
  EXPECT_FALSE(charge(seconds(0)));
}

}  // namespace
}  // namespace prefork::supervision
