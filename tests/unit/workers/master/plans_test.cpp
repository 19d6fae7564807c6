#include "workers/master/plans.h"

#include <gtest/gtest.h>

#include "tests/unit/workers/master/plans_support.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

constexpr supervision::TimePoint kNow{1000s};

class PlansTest : public ::testing::Test {
 protected:
  PlansTest() {
    supervisor_.on(supervision::event::Started{}, kNow);
    supervisor_.on(supervision::event::Forked{{0, 0}, 300}, kNow);
    ready({0, 0});
  }
  static supervision::Settings settings() {
    supervision::Settings settings;
    settings.observer = false;
    return settings;
  }
  void ready(ipc::Place at) {
    supervisor_.on(supervision::event::Ready{at, supervisor_.seat(at).epoch}, kNow);
  }

  supervision::Supervisor supervisor_{settings(), Plans::kFirst};
  Plans plans_{plan_without_observer()};
};

TEST_F(PlansTest, EachPlanIsAGenerationOfItsOwn) {
  EXPECT_EQ(&plans_.first(), &plans_.at(1));
  EXPECT_EQ(plans_.add(plan_without_observer()), 2U);
  EXPECT_EQ(plans_.add(plan_without_observer()), 3U);
  EXPECT_NE(&plans_.at(2), &plans_.at(3));
  EXPECT_EQ(plans_.living().size(), 3U);
}

TEST_F(PlansTest, APlanIsKeptAsLongAsAProcessOfItLives) {
  ASSERT_EQ(plans_.add(plan_without_observer()), 2U);
  supervisor_.on(supervision::event::Reload{2, settings()}, kNow);
  plans_.forget_unused(supervisor_);
  EXPECT_EQ(plans_.living().size(), 2U) << "the reload needs one, the worker has the other";

  supervisor_.on(supervision::event::Forked{{0, 1}, 301}, kNow);
  ready({0, 1});
  ASSERT_FALSE(supervisor_.reloading());
  plans_.forget_unused(supervisor_);
  EXPECT_EQ(plans_.living().size(), 2U) << "the old worker drains";

  supervisor_.on(supervision::event::Exited{300, {}}, kNow);
  plans_.forget_unused(supervisor_);
  ASSERT_EQ(plans_.living().size(), 1U);
  EXPECT_EQ(plans_.living()[0].get(), &plans_.at(2));
}

TEST_F(PlansTest, APlanThatCameToNothingIsForgotten) {
  plans_.add(plan_without_observer());
  plans_.forget_unused(supervisor_);
  ASSERT_EQ(plans_.living().size(), 1U);
  EXPECT_EQ(plans_.living()[0].get(), &plans_.first());
}

TEST_F(PlansTest, AStopClosesTheSocketsOfAll) {
  const auto second = plan_without_observer();
  plans_.add(second);
  plans_.stop_admitting();
  EXPECT_GE(second->sockets[0]->fd(), 0) << "who is in the queue is served";
  plans_.close();
  EXPECT_EQ(second->sockets[0]->fd(), -1);
  EXPECT_EQ(plans_.first().sockets[0]->fd(), -1);
}

}  // namespace
}  // namespace prefork::master
