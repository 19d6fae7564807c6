#include "workers/supervision/roster.h"

#include <gtest/gtest.h>

namespace prefork::supervision {
namespace {

TEST(Roster, HasASlotForEachWorkerAndThenTheObservers) {
  const Roster roster(2);
  ASSERT_EQ(roster.slots().size(), 3U);
  EXPECT_EQ(roster.observer_slot(), 2U);
  EXPECT_EQ(roster.slots()[1].role, Role::worker);
  EXPECT_EQ(roster.slots()[2].role, Role::observer);
  EXPECT_EQ(roster.places().size(), 6U);
  EXPECT_TRUE(roster.is_worker({1, 1}));
  EXPECT_FALSE(roster.is_worker({2, 0}));
}

TEST(Roster, KnowsWhichPlacesThereAre) {
  const Roster roster(1);
  EXPECT_TRUE(roster.exists({1, 1}));
  EXPECT_FALSE(roster.exists({2, 0}));
  EXPECT_FALSE(roster.exists({0, kSeatsPerSlot}));
  EXPECT_EQ(Roster::sibling({1, 0}), (Place{1, 1}));
  EXPECT_EQ(Roster::sibling({1, 1}), (Place{1, 0}));
}

TEST(Roster, FindsAProcessByItsPidAndTheOneThatAnswersForASlot) {
  Roster roster(2);
  EXPECT_EQ(roster.find(300), std::nullopt);
  EXPECT_EQ(roster.current(1), std::nullopt);
  roster.seat({1, 1}).pid = 300;
  roster.seat({1, 1}).part = Part::current;
  roster.seat({1, 0}).part = Part::retiring;
  EXPECT_EQ(roster.find(300), (Place{1, 1}));
  EXPECT_EQ(roster.current(1), (Place{1, 1}));
}

TEST(Roster, CountsReadyWorkersButNotTheObserver) {
  Roster roster(2);
  EXPECT_EQ(roster.ready_workers(), 0U);
  roster.seat({0, 1}).state = ProcessState::ready;
  roster.seat({1, 0}).state = ProcessState::draining;
  roster.seat({2, 0}).state = ProcessState::ready;
  EXPECT_EQ(roster.ready_workers(), 1U);
}

}  // namespace
}  // namespace prefork::supervision
