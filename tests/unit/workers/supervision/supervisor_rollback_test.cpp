// A reload is all or nothing: what it had replaced when it failed is replaced again by the
// generation before, and nothing is said that is not so.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

struct Rolling : Harness {
  // A reload to generation 2 of three workers.
  explicit Rolling(std::uint32_t at_once = 1) : Harness(settings(3)) {
    serve();
    last_settings.at_once = at_once;
    reload(2, 3);
  }

  // Its first process is ready, its second one cannot boot.
  void fail_midway() {
    ready({0, 1});
    exit({1, 1}, 3);
  }
  std::uint32_t generation_of(std::uint32_t slot) const {
    return seat(*supervisor.current(slot)).generation;
  }
};

TEST(SupervisorRollback, GoesBackToTheGenerationBeforeWhenALaterCandidateFails) {
  Rolling h;
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "spawn 1.1 generation 2"}));
  EXPECT_EQ(h.exit({1, 1}, 3), (Transcript{"release 1.1", "note rollback_started 1.1"}));
  EXPECT_EQ(h.supervisor.generation(), 1u);
  EXPECT_TRUE(h.supervisor.rolling_back());
  const auto said = h.notices(NoticeKind::rollback_started).at(0);
  EXPECT_EQ(said.generation, 2u);
  EXPECT_EQ(said.back_to, 1u);
  EXPECT_EQ(said.failure->exit.code, 3);
  // The slot's other seat is still held by its first process.
  EXPECT_EQ(h.exit({0, 0}, 0), (Transcript{"release 0.0", "spawn 0.0 generation 1"}));
  EXPECT_EQ(h.ready({0, 0}), (Transcript{"drain 0.1 replaced", "note rollback_finished"}));
  EXPECT_FALSE(h.supervisor.rolling_back());
  for (std::uint32_t slot = 0; slot < 3; ++slot) EXPECT_EQ(h.generation_of(slot), 1u);
}

TEST(SupervisorRollback, BringsTheSettingsAndTheNumberOfWorkersBack) {
  Harness h(Harness::settings(2));
  h.serve();
  h.last_settings.graceful_timeout = 77s;
  h.reload(2, 3);
  h.ready({0, 1});
  EXPECT_EQ(h.supervisor.workers(), 3u);
  h.ready({2, 0});
  h.exit({1, 1}, 3);
  EXPECT_EQ(h.supervisor.workers(), 2u);
  EXPECT_EQ(h.supervisor.settings().graceful_timeout, Duration{8s});
  EXPECT_EQ(h.supervisor.settings().workers, 2u);
  EXPECT_EQ(h.state({2, 0}), ProcessState::draining);
}

TEST(SupervisorRollback, LeavesTheNumberOfWorkersThatAnOperatorHasAskedForMeanwhile) {
  Rolling h;
  h.ready({0, 1});
  h.on(event::RemoveWorker{});
  h.exit({1, 1}, 3);
  EXPECT_EQ(h.supervisor.workers(), 2u);
}

TEST(SupervisorRollback, GoesOnTryingWhileWhateverServesServes) {
  Rolling h;
  h.fail_midway();
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.exit({0, 0}, 3), (Transcript{"release 0.0", "note rollback_delayed 0.1"}));
  EXPECT_EQ(h.notices(NoticeKind::rollback_delayed).at(0).generation, 2u);
  EXPECT_EQ(h.state({0, 1}), ProcessState::ready);
  EXPECT_TRUE(h.supervisor.rolling_back());
  EXPECT_EQ(h.pass(99ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), Transcript{"spawn 0.0 generation 1"});
  h.exit({0, 0}, 3);
  EXPECT_EQ(h.pass(199ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), Transcript{"spawn 0.0 generation 1"});
  h.ready({0, 0});
  EXPECT_FALSE(h.supervisor.rolling_back());
}

TEST(SupervisorRollback, AReloadThatIsAskedForMeanwhileGoesFirst) {
  Rolling h;
  h.fail_midway();
  h.exit({0, 0}, 0);
  h.exit({0, 0}, 3);
  EXPECT_EQ(h.reload(3, 3), (Transcript{"note reload_started", "spawn 0.0 generation 3"}));
  h.ready({0, 0});
  h.ready({1, 1});
  EXPECT_EQ(h.ready({2, 1}), (Transcript{"drain 2.0 replaced", "note reload_finished"}));
  EXPECT_FALSE(h.supervisor.rolling_back());
  EXPECT_EQ(h.supervisor.generation(), 3u);
}

TEST(SupervisorRollback, GoesOnWhenThatReloadFailsToo) {
  Rolling h;
  h.fail_midway();
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.reload(3, 3), Transcript{"note reload_queued"}) << "a candidate boots";
  h.exit({0, 0}, 3);
  EXPECT_EQ(h.exit({0, 0}, 3),
            (Transcript{"release 0.0", "note rollback_started 0.0", "spawn 0.0 generation 1"}))
      << "not everybody is of the generation that stays";
  EXPECT_EQ(h.ready({0, 0}), (Transcript{"drain 0.1 replaced", "note rollback_finished"}));
}

TEST(SupervisorRollback, FollowsFromACandidateThatIsTooSlowAndIsToldOnce) {
  Rolling h;
  h.ready({0, 1});
  EXPECT_EQ(h.pass(5s), (Transcript{"note boot_deadline_passed 1.1", "kill 1.1 SIGABRT",
                                    "note rollback_started 1.1"}));
  EXPECT_EQ(h.crash({1, 1}, 6), Transcript{"release 1.1"});
  EXPECT_EQ(h.notices(NoticeKind::rollback_started).size(), 1u);
}

// Whoever is started meanwhile is of the new generation, whatever it is started for.
TEST(SupervisorRollback, FollowsFromALostWorkerWhoseSuccessorCannotBoot) {
  Rolling h;
  h.ready({0, 1});
  h.crash({2, 0});
  EXPECT_EQ(h.pass(100ms), Transcript{"spawn 2.0 generation 2"});
  EXPECT_EQ(h.exit({2, 0}, 3), (Transcript{"release 2.0", "note rollback_started 2.0",
                                           "drain 1.1 removed", "note restart_delayed 2.0"}));
  EXPECT_EQ(h.pass(200ms), Transcript{"spawn 2.0 generation 1"});
}

TEST(SupervisorRollback, FollowsFromAnAddedWorkerThatCannotBoot) {
  Harness h(Harness::settings(2));
  h.serve();
  h.reload(2, 3);
  h.ready({0, 1});
  EXPECT_EQ(h.exit({2, 0}, 3), (Transcript{"release 2.0", "note rollback_started 2.0"}));
  EXPECT_EQ(h.supervisor.workers(), 2u);
  EXPECT_EQ(h.state({2, 0}), ProcessState::vacant);
}

TEST(SupervisorRollback, EndsTheOtherCandidatesOfAReloadThatIsGivenUp) {
  Rolling h(3);
  EXPECT_EQ(h.exit({1, 1}, 3), (Transcript{"release 1.1", "note reload_aborted 1.1",
                                           "drain 0.1 removed", "drain 2.1 removed"}));
  EXPECT_FALSE(h.supervisor.rolling_back()) << "nobody was replaced";
  EXPECT_EQ(h.exit({0, 1}, 0), Transcript{"release 0.1"});
}

TEST(SupervisorRollback, ReplacesAsManyAtOnceAsTheSettingsBeforeSay) {
  Harness h([] {
    Settings settings = Harness::settings(3);
    settings.at_once = 2;
    return settings;
  }());
  h.serve();
  h.last_settings.at_once = 3;
  h.reload(2, 3);
  h.ready({0, 1});
  h.ready({1, 1});
  h.exit({0, 0}, 0);
  h.exit({1, 0}, 0);
  EXPECT_EQ(h.exit({2, 1}, 3), (Transcript{"release 2.1", "note rollback_started 2.1",
                                           "spawn 0.0 generation 1", "spawn 1.0 generation 1"}));
}

TEST(SupervisorRollback, EndsWithAStopWithoutAnotherWord) {
  Rolling h;
  h.fail_midway();
  h.stop();
  EXPECT_FALSE(h.supervisor.rolling_back());
  EXPECT_TRUE(h.notices(NoticeKind::reload_aborted).empty());
}

TEST(SupervisorRollback, MayStartProcessesOfTheOldGenerationUntilTheReloadIsDone) {
  Rolling h;
  h.ready({0, 1});
  EXPECT_TRUE(h.supervisor.needs(1) && h.supervisor.needs(2));
  h.exit({1, 1}, 3);
  EXPECT_TRUE(h.supervisor.needs(1));
  EXPECT_FALSE(h.supervisor.needs(2));
}

}  // namespace
}  // namespace prefork::supervision
