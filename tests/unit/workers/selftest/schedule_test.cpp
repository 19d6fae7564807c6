#include "workers/selftest/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace prefork::selftest {
namespace {

std::vector<Deed> all_deeds() {
  std::vector<Deed> deeds;
  for (const DeedText& one : kDeedTexts) {
    deeds.push_back(one.deed);
  }
  return deeds;
}

std::vector<Deed> round_of(Schedule& schedule) {
  std::vector<Deed> round;
  do {
    round.push_back(schedule.next());
  } while (!schedule.is_round_over());
  return round;
}

TEST(ChaosSchedule, HasEachDeedOnceInARound) {
  Schedule schedule(7, all_deeds());
  for (int i = 0; i < 20; ++i) {
    auto round = round_of(schedule);
    std::sort(round.begin(), round.end());
    EXPECT_EQ(round, all_deeds());
  }
}

TEST(ChaosSchedule, IsTheSameForTheSameSeed) {
  Schedule one(42, all_deeds());
  Schedule other(42, all_deeds());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.next(), other.next());
    EXPECT_EQ(one.choose(100), other.choose(100));
    EXPECT_EQ(one.pause(), other.pause());
  }
}

TEST(ChaosSchedule, IsAnotherOneForAnotherSeedAndRound) {
  Schedule one(1, all_deeds());
  Schedule other(2, all_deeds());
  const auto first = round_of(one);
  EXPECT_NE(first, round_of(other));
  EXPECT_NE(first, round_of(one));
}

TEST(ChaosSchedule, FindsADeedByItsName) {
  for (const DeedText& one : kDeedTexts) {
    EXPECT_EQ(deed_of(one.name), one.deed);
    EXPECT_EQ(to_text(one.deed), one.text);
  }
  EXPECT_EQ(deed_of("nothing"), std::nullopt);
}

}  // namespace
}  // namespace prefork::selftest
