#include "ipc/base/process_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace prefork::ipc {
namespace {

TEST(Place, IsOrderedBySlotAndThenBySeat) {
  const std::set<Place> places = {{1, 1}, {0, 1}, {1, 0}};
  EXPECT_EQ(*places.begin(), (Place{0, 1}));
  EXPECT_EQ(*places.rbegin(), (Place{1, 1}));
  EXPECT_TRUE(places.contains({1, 0}));
  EXPECT_FALSE(places.contains({0, 0}));
}

TEST(ProcessState, HasANameForTheStatistics) {
  EXPECT_EQ(to_string(ProcessState::vacant), "vacant");
  EXPECT_EQ(to_string(ProcessState::starting), "starting");
  EXPECT_EQ(to_string(ProcessState::ready), "ready");
  EXPECT_EQ(to_string(ProcessState::draining), "draining");
  EXPECT_EQ(to_string(ProcessState::killing), "killing");
  EXPECT_EQ(to_string(ProcessState::backoff), "backoff");
  EXPECT_EQ(to_string(ProcessState::failed), "failed");
}

TEST(ProcessState, IsUnknownWhenSharedMemorySaysSomethingElse) {
  EXPECT_EQ(to_string(static_cast<ProcessState>(kProcessStates)), "unknown");
  EXPECT_EQ(to_string(static_cast<ProcessState>(0xFFFFFFFF)), "unknown");
}

}  // namespace
}  // namespace prefork::ipc
