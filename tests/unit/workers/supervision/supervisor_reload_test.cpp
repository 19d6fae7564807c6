// The supervisor's rules for reloads.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

TEST(SupervisorReload, ReplacesWorkersInOrderAndThenTheObserver) {
  Serving h(2, true);
  EXPECT_EQ(h.reload(2, 2), (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "spawn 1.1 generation 2"}));
  EXPECT_EQ(h.ready({1, 1}), (Transcript{"drain 1.0 replaced", "spawn 3.1 generation 2"}));
  EXPECT_EQ(h.ready({3, 1}), (Transcript{"drain 3.0 replaced", "note reload_finished"}));
  EXPECT_EQ(h.seat({3, 0}).deadline, h.now + 8s);
  EXPECT_EQ(h.exit({0, 0}, 0), Transcript{"release 0.0"});
  EXPECT_FALSE(h.supervisor.reloading());
  EXPECT_EQ(h.supervisor.generation(), 2u);
}

TEST(SupervisorReload, DoesNotWaitForTheSeatOfAnObserverWhoseOperatorsWaitForIt) {
  Serving h(2, true);
  h.reload(2, 2);
  for (const Place at : {Place{0, 1}, Place{1, 1}, Place{3, 1}}) h.ready(at);
  h.exit({0, 0}, 0);
  h.exit({1, 0}, 0);
  EXPECT_EQ(h.state({3, 0}), ProcessState::draining);
  h.reload(3, 2);
  h.ready({0, 0});
  EXPECT_EQ(h.ready({1, 0}), (Transcript{"drain 1.1 replaced", "note reload_finished"}));
  EXPECT_EQ(h.seat({3, 1}).generation, 2U);
  EXPECT_EQ(h.exit({3, 0}, 0), (Transcript{"release 3.0", "spawn 3.0 generation 3"}));
  EXPECT_EQ(h.ready({3, 0}), Transcript{"drain 3.1 replaced"});
}

TEST(SupervisorReload, GivesThoseWhoseSeatsItNeedsTheSameTimeAllAtOnce) {
  Harness h(Harness::settings(2));
  h.last_settings.replaced_timeout.reset();
  h.serve();
  h.reload(2, 2);
  h.ready({0, 1});
  h.ready({1, 1});
  EXPECT_EQ(h.seat({0, 0}).deadline, std::nullopt);
  EXPECT_EQ(h.seat({1, 0}).deadline, std::nullopt);
  h.reload(3, 2);
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 8s) << "its seat is needed first";
  h.exit({0, 0}, 0);
  h.ready({0, 0});
  EXPECT_EQ(h.seat({1, 0}).deadline, h.now + 8s);
}

TEST(SupervisorReload, LeavesTheNumberOfWorkersThatWasAskedForBeforeItsFirstOneWasReady) {
  Serving h(2);
  h.reload(2, 2);
  h.on(event::AddWorker{});
  EXPECT_EQ(h.supervisor.workers(), 3U);
  h.ready({0, 1});
  EXPECT_EQ(h.supervisor.workers(), 3U);
}

TEST(SupervisorReload, CutsAReplacedWorkerAtItsDeadlineWithoutSpoilingALaterStop) {
  Serving h(1);
  h.reload(2, 1);
  h.ready({0, 1});
  EXPECT_EQ(h.pass(8s), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
  h.crash({0, 0}, 9);
  h.stop();
  EXPECT_EQ(h.exit({0, 1}, 0).back(), "finish stopped");
}

// The one worker was replaced, and may take its time.
struct Patient : Harness {
  Patient() : Harness(endless()), patient(endless()) {
    serve();
    on(event::Reload{2, patient});
    ready({0, 1});
  }
  static Settings endless() {
    Settings settings = Harness::settings(1);
    settings.replaced_timeout.reset();
    return settings;
  }

  const Settings patient;
};

TEST(SupervisorReload, LetsAReplacedWorkerFinishUntilItsSeatIsNeeded) {
  Patient h;
  EXPECT_EQ(h.seat({0, 0}).deadline, std::nullopt);
  EXPECT_EQ(h.pass(1h), Transcript{});
  EXPECT_EQ(h.state({0, 0}), ProcessState::draining);
  h.on(event::Reload{3, h.patient});
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 8s);
  EXPECT_EQ(h.pass(8s), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
  EXPECT_EQ(h.crash({0, 0}, 9), (Transcript{"release 0.0", "spawn 0.0 generation 3"}));
}

TEST(SupervisorReload, AReplacedWorkerThatHangsIsNotWaitedFor) {
  Patient h;
  h.silent.insert({0, 0});
  EXPECT_EQ(h.pass(4s), (Transcript{"note silent 0.0", "kill 0.0 SIGABRT"}));
  EXPECT_EQ(h.crash({0, 0}, 6), Transcript{"release 0.0"});
  EXPECT_EQ(h.state({0, 1}), ProcessState::ready);
}

TEST(SupervisorReload, AStopGivesAReplacedWorkerItsDeadline) {
  Patient h;
  h.stop();
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 8s);
}

TEST(SupervisorReload, KeepsTheOldWorkersAndGenerationWhenTheFirstCandidateFails) {
  Serving h(2);
  h.reload(2, 2);
  EXPECT_EQ(h.exit({0, 1}, 4), (Transcript{"release 0.1", "note reload_aborted 0.1"}));
  EXPECT_EQ(h.notices(NoticeKind::reload_aborted).at(0).failure->exit.code, 4);
  EXPECT_EQ(h.supervisor.generation(), 1u);
  h.crash({1, 0});
  EXPECT_EQ(h.pass(100ms), Transcript{"spawn 1.0 generation 1"});
}

TEST(SupervisorReload, AbortsAndKillsACandidateThatIsNotReadyInTime) {
  Serving h(2);
  h.reload(2, 2);
  EXPECT_EQ(h.pass(5s), (Transcript{"note boot_deadline_passed 0.1", "kill 0.1 SIGABRT",
                                    "note reload_aborted 0.1"}));
  EXPECT_EQ(h.crash({0, 1}, 6), Transcript{"release 0.1"});
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
  EXPECT_EQ(h.supervisor.slots()[0].boot_failures, 0u);
}

TEST(SupervisorReload, AbortsWhenTheCandidateCannotBeForked) {
  Serving h(1);
  h.forks = Forks::fail;
  EXPECT_EQ(h.reload(2, 1), (Transcript{"note reload_started", "spawn 0.1 generation 2",
                                        "release 0.1", "note reload_aborted 0.1"}));
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
}

TEST(SupervisorReload, RunsTheLatestOfTheReloadsAskedForMeanwhile) {
  Serving h(1);
  h.reload(2, 1);
  EXPECT_EQ(h.reload(3, 1), Transcript{"note reload_queued"});
  EXPECT_EQ(h.reload(4, 1), Transcript{"note reload_queued"});
  EXPECT_EQ(h.ready({0, 1}),
            (Transcript{"drain 0.0 replaced", "note reload_finished", "note reload_started"}));
  // The slot's other seat is still held by the first process.
  EXPECT_EQ(h.exit({0, 0}, 0), (Transcript{"release 0.0", "spawn 0.0 generation 4"}));
  EXPECT_EQ(h.ready({0, 0}), (Transcript{"drain 0.1 replaced", "note reload_finished"}));
}

TEST(SupervisorReload, RunsTheQueuedReloadAfterAnAbortedOne) {
  Serving h(1);
  h.reload(2, 1);
  h.reload(3, 1);
  EXPECT_EQ(h.exit({0, 1}, 3), (Transcript{"release 0.1", "note reload_aborted 0.1",
                                           "note reload_started", "spawn 0.1 generation 3"}));
}

TEST(SupervisorReload, GivesWaitingSlotsTheNewGenerationAtOnce) {
  Serving h(2);
  h.crash({0, 0});
  EXPECT_EQ(h.reload(2, 2), (Transcript{"note reload_started", "spawn 0.0 generation 2"}));
  EXPECT_EQ(h.last<action::Spawn>().restarts, 1u);
  EXPECT_EQ(h.ready({0, 0}), Transcript{"spawn 1.1 generation 2"});
}

TEST(SupervisorReload, AbortsWhenAWaitingSlotFailsWithTheNewGeneration) {
  Serving h(2);
  h.crash({0, 0});
  h.reload(2, 2);
  EXPECT_EQ(h.exit({0, 0}, 3),
            (Transcript{"release 0.0", "note reload_aborted 0.0", "note restart_delayed 0.0"}));
  EXPECT_EQ(h.pass(200ms), Transcript{"spawn 0.0 generation 1"});
}

TEST(SupervisorReload, MendsAServerWhoseSlotsHaveAllButFailed) {
  Harness h(Harness::settings(2));
  h.start();
  h.exit({0, 0}, 3);
  h.reload(2, 2);
  h.exit({1, 0}, 3);
  EXPECT_FALSE(h.supervisor.stopping());
  h.ready({0, 0});
  EXPECT_EQ(h.state({1, 0}), ProcessState::starting);
  EXPECT_EQ(h.ready({1, 0}), Transcript{"note reload_finished"});
}

TEST(SupervisorReload, FinishesWhenItWasTheLastHopeOfAServerThatNeverServed) {
  Harness h(Harness::settings(1));
  h.start();
  h.reload(2, 1);
  EXPECT_EQ(h.exit({0, 0}, 3), Transcript{"release 0.0"});
  EXPECT_EQ(h.exit({0, 1}, 4), (Transcript{"release 0.1", "note reload_aborted 0.1",
                                           "note boot_failed 0.1", "finish application_failed"}));
}

TEST(SupervisorReload, FillsTheSlotOfAWorkerThatCrashesWhileItsCandidateBoots) {
  Serving h(2);
  h.reload(2, 2);
  EXPECT_EQ(h.crash({0, 0}), (Transcript{"release 0.0", "note restart_delayed 0.0"}));
  EXPECT_EQ(h.pass(200ms), Transcript{"spawn 0.0 generation 1"});
  EXPECT_EQ(h.ready({0, 0}), Transcript{});
  EXPECT_EQ(h.pass(4s), Transcript{}) << "it serves for as long as the other one boots";
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "spawn 1.1 generation 2"}));
  EXPECT_EQ(h.supervisor.current(0), (Place{0, 1}));
}

TEST(SupervisorReload, TheCandidateTakesASlotOverThatWaitsOrBoots) {
  Serving waiting(1);
  waiting.reload(2, 1);
  waiting.crash({0, 0});
  EXPECT_EQ(waiting.ready({0, 1}), Transcript{"note reload_finished"});
  EXPECT_EQ(waiting.state({0, 0}), ProcessState::vacant);

  Serving booting(1);
  booting.reload(2, 1);
  booting.crash({0, 0});
  booting.pass(200ms);
  EXPECT_EQ(booting.ready({0, 1}), (Transcript{"drain 0.0 replaced", "note reload_finished"}));
}

TEST(SupervisorReload, KeepsTheSlotThatWasFilledWhenTheCandidateFails) {
  Serving h(1);
  h.reload(2, 1);
  h.crash({0, 0});
  h.pass(200ms);
  EXPECT_EQ(h.exit({0, 1}, 3), (Transcript{"release 0.1", "note reload_aborted 0.1"}));
  EXPECT_EQ(h.ready({0, 0}), Transcript{});
  EXPECT_EQ(h.supervisor.generation(), 1u);
}

TEST(SupervisorReload, GivesNothingUpWhileACandidateBoots) {
  Serving h(1);
  h.reload(2, 1);
  h.crash({0, 0});
  for (std::uint32_t attempt = 0; attempt < kBootAttempts; ++attempt) {
    h.pass(backoff(attempt + 1));
    ASSERT_EQ(h.state({0, 0}), ProcessState::starting) << attempt;
    h.exit({0, 0}, 3);
  }
  EXPECT_EQ(h.state({0, 0}), ProcessState::failed);
  EXPECT_FALSE(h.supervisor.stopping());
  EXPECT_EQ(h.ready({0, 1}), Transcript{"note reload_finished"});
}

TEST(SupervisorReload, PromotesTheCandidateOfTheGenerationThatIsWantedAlready) {
  Serving h(2);
  h.reload(2, 2);
  h.ready({0, 1});
  EXPECT_EQ(h.crash({1, 0}), Transcript{"release 1.0"});
  EXPECT_EQ(h.pass(1s), Transcript{});
  EXPECT_EQ(h.ready({1, 1}), Transcript{"note reload_finished"});
  EXPECT_EQ(h.supervisor.current(1), (Place{1, 1}));
}

TEST(SupervisorReload, ReplacesAWorkerThatIsStillStarting) {
  Harness h(Harness::settings(1));
  h.start();
  EXPECT_EQ(h.reload(2, 1), (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.ready({0, 0}), Transcript{});
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "note reload_finished"}));
}

TEST(SupervisorReload, JudgesTheCandidateByTheNewSettings) {
  Serving h(1);
  h.last_settings.boot_timeout = 1s;
  h.last_settings.replaced_timeout = 2s;
  h.reload(2, 1);
  EXPECT_EQ(h.seat({0, 1}).deadline, h.now + 1s);
  EXPECT_EQ(h.supervisor.settings().boot_timeout, 5s);
  h.ready({0, 1});
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 2s);
  EXPECT_EQ(h.supervisor.settings().boot_timeout, 1s);
}

// A process beats as its own configuration has told it, whatever is in force by now.
TEST(SupervisorReload, JudgesTheBeatsOfEachProcessByItsOwnSettings) {
  Serving h(2);
  h.last_settings.healthcheck_timeout = 1s;
  h.reload(2, 2);
  h.ready({0, 1});
  h.silent = {{0, 0}, {0, 1}, {1, 0}};
  EXPECT_EQ(h.pass(1s), (Transcript{"note silent 0.1", "kill 0.1 SIGABRT"}));
  EXPECT_EQ(h.pass(2s), (Transcript{"kill 0.1 SIGKILL"}));
  EXPECT_EQ(h.state({0, 0}), ProcessState::draining);
  EXPECT_EQ(h.state({1, 0}), ProcessState::ready);
}

TEST(SupervisorReload, AddsWorkersOnceTheNewConfigurationHasProvedItself) {
  Serving h(2);
  EXPECT_EQ(h.reload(2, 3), (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"spawn 2.0 generation 2", "drain 0.0 replaced"}));
  EXPECT_EQ(h.ready({2, 0}), Transcript{"spawn 1.1 generation 2"});
  EXPECT_EQ(h.ready({1, 1}), (Transcript{"drain 1.0 replaced", "note reload_finished"}));
  EXPECT_EQ(h.supervisor.workers(), 3u);
}

TEST(SupervisorReload, RemovesTheHighestWorkersOnceTheNewConfigurationHasProvedItself) {
  Serving h(3);
  h.reload(2, 1);
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 2.0 removed", "drain 1.0 removed",
                                         "drain 0.0 replaced", "note reload_finished"}));
  EXPECT_EQ(h.exit({2, 0}, 0), Transcript{"release 2.0"});
}

TEST(SupervisorReload, KeepsTheNumberOfWorkersToTheCapacity) {
  Serving h(1);
  h.last_settings.capacity = 9;
  h.reload(2, 9);
  EXPECT_EQ(h.ready({0, 1})[0], "note cannot_add_worker");
  EXPECT_EQ(h.supervisor.workers(), 2u);
  EXPECT_EQ(h.supervisor.settings().capacity, 2u);
}

TEST(SupervisorReload, EndsWhenTheServerStops) {
  Serving h(2);
  h.reload(2, 2);
  h.reload(3, 2);
  EXPECT_EQ(h.stop(), (Transcript{"note reload_aborted", "note reload_aborted", "drain 0.0 stop",
                                  "drain 0.1 stop", "drain 1.0 stop"}));
  EXPECT_EQ(h.ready({0, 1}), Transcript{});
  EXPECT_FALSE(h.supervisor.reloading());
}

TEST(SupervisorReload, StopShortensTheDeadlineOfWhoIsLeavingAlready) {
  Serving h(1, true);
  h.reload(2, 1);
  h.ready({0, 1});
  h.ready({2, 1});
  EXPECT_EQ(h.stop(), Transcript{"drain 0.1 stop"});
  EXPECT_EQ(h.seat({2, 0}).deadline, h.now + kObserverStopGrace);
}

}  // namespace
}  // namespace prefork::supervision
