// Whom a rollout waits for. Its course is in supervisor_reload_test.cpp.
#include "workers/supervision/rollout.h"

#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_parts.h"

namespace prefork::supervision {
namespace {

class RolloutTest : public ::testing::Test {
 protected:
  RolloutTest() {
    parts_.serve({0, 0});
    parts_.serve({1, 0});
  }
  void request(Generation generation) {
    parts_.rollout.request({generation, Harness::settings()});
    parts_.rollout.step();
  }

  Parts parts_;
};

TEST_F(RolloutTest, WaitsForOneReplacementAtATimeUnlessMoreAreAskedFor) {
  request(2);
  EXPECT_EQ(parts_.orders(), (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  parts_.rollout.step();
  EXPECT_EQ(parts_.orders(), Transcript{});
  parts_.rollout.on_ready({1, 0});
  EXPECT_EQ(parts_.orders(), Transcript{}) << "that is not the one";
  parts_.rollout.on_ready({0, 1});
  EXPECT_EQ(parts_.orders(), Transcript{"drain 0.0 replaced"});
  EXPECT_EQ(parts_.wanted.generation, 2U);
}

TEST_F(RolloutTest, OneThatWasAskedToLeaveIsNotWaitedForAnyLonger) {
  request(2);
  parts_.orders();
  parts_.machine.feed({0, 1}, Input::retire, {});
  parts_.rollout.step();
  EXPECT_EQ(parts_.orders(), Transcript{}) << "its seat is needed for another one";
  parts_.machine.feed({0, 1}, Input::fork_failed, {});
  parts_.rollout.step();
  EXPECT_EQ(parts_.orders(), (Transcript{"release 0.1", "spawn 0.1 generation 2"}));
}

TEST_F(RolloutTest, HasAsManySlotsUnderWayAsTheReloadSays) {
  Settings settings = Harness::settings();
  settings.at_once = 2;
  parts_.rollout.request({2, settings});
  parts_.rollout.step();
  EXPECT_EQ(parts_.orders(), (Transcript{"note reload_started", "spawn 0.1 generation 2",
                                         "spawn 1.1 generation 2"}));
}

TEST_F(RolloutTest, NeedsTheGenerationBeforeUntilAReloadIsDone) {
  request(2);
  request(3);
  EXPECT_TRUE(parts_.rollout.needs(1) && parts_.rollout.needs(2) && parts_.rollout.needs(3));
  request(4);
  EXPECT_FALSE(parts_.rollout.needs(3)) << "the latest counts";
  parts_.rollout.on_ready({0, 1});
  EXPECT_EQ(parts_.wanted.generation, 2U);
  EXPECT_TRUE(parts_.rollout.needs(1)) << "it may have to go back";
}

TEST_F(RolloutTest, AReloadWaitsForTheOneUnderWay) {
  request(2);
  parts_.orders();
  request(3);
  EXPECT_EQ(parts_.orders(), Transcript{"note reload_queued"});
  EXPECT_TRUE(parts_.rollout.reloading());
}

TEST_F(RolloutTest, AFailureBeforeTheFirstIsReadyGivesTheReloadUp) {
  request(2);
  parts_.orders();
  parts_.rollout.on_boot_failed({0, 1}, true, Failure{});
  EXPECT_EQ(parts_.orders(), Transcript{"note reload_aborted 0.0"});
  EXPECT_FALSE(parts_.rollout.reloading());
  EXPECT_EQ(parts_.wanted.generation, 1U);
}

TEST_F(RolloutTest, ItsOwnProcessesAreJudgedByTheNewSettingsFromTheStart) {
  Settings settings = Harness::settings();
  settings.boot_timeout = 77s;
  parts_.rollout.request({2, settings});
  parts_.rollout.step();
  EXPECT_EQ(parts_.rollout.settings_of(2).boot_timeout, Duration{77s});
  EXPECT_EQ(parts_.rollout.settings_of(1).boot_timeout, Harness::settings().boot_timeout);
  EXPECT_EQ(parts_.roster.seat({0, 1}).deadline, parts_.turn.now + 77s);
}

TEST_F(RolloutTest, AStopAbandonsWhatIsUnderWayAndWhatWaits) {
  request(2);
  request(3);
  parts_.orders();
  parts_.rollout.abandon();
  EXPECT_EQ(parts_.orders(), (Transcript{"note reload_aborted", "note reload_aborted"}));
  EXPECT_FALSE(parts_.rollout.reloading());
}

}  // namespace
}  // namespace prefork::supervision
