// A worker one of whose handlers does not come back: it leaves and its successor starts at once.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

struct Quarantining : Harness {
  explicit Quarantining(std::uint32_t workers) : Harness(settings(workers)) { serve(); }
};

TEST(SupervisorQuarantine, TheStuckOneLeavesAndItsSuccessorStartsAtOnce) {
  Quarantining h(2);
  EXPECT_EQ(h.get_stuck({1, 0}), (Transcript{"note quarantine_started 1.0", "drain 1.0 stuck",
                                             "spawn 1.1 generation 1"}));
  EXPECT_EQ(h.seat({1, 0}).deadline, h.now + 8s) << "the others have their time to finish";
  EXPECT_EQ(h.ready({1, 1}), Transcript{});
  EXPECT_EQ(h.exit({1, 0}, 0), Transcript{"release 1.0"});
  EXPECT_EQ(h.supervisor.slots()[1].restarts, 0u) << "that was no crash";
  EXPECT_EQ(h.supervisor.slots()[1].setbacks, 0u);
  EXPECT_EQ(h.pass(1s), Transcript{});
}

TEST(SupervisorQuarantine, SeveralAreReplacedAtTheSameTime) {
  Quarantining h(2);
  h.get_stuck({0, 0});
  EXPECT_EQ(h.get_stuck({1, 0}), (Transcript{"note quarantine_started 1.0", "drain 1.0 stuck",
                                             "spawn 1.1 generation 1"}));
}

TEST(SupervisorQuarantine, OneThatDoesNotFinishIsCutByItsDeadline) {
  Quarantining h(1);
  h.get_stuck({0, 0});
  h.ready({0, 1});
  EXPECT_EQ(h.pass(8s), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
}

TEST(SupervisorQuarantine, SuccessorsThatAreSoonStuckTooComeEverSlower) {
  Quarantining h(1);
  h.get_stuck({0, 0});
  h.ready({0, 1});
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.get_stuck({0, 1}), Transcript{}) << "it goes on serving meanwhile";
  EXPECT_EQ(h.get_stuck({0, 1}), Transcript{}) << "to say it again changes nothing";
  EXPECT_EQ(h.pass(99ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note quarantine_started 0.1", "drain 0.1 stuck",
                                     "spawn 0.0 generation 1"}));
  h.ready({0, 0});
  h.exit({0, 1}, 0);
  h.get_stuck({0, 0});
  EXPECT_EQ(h.pass(199ms), Transcript{});
  EXPECT_EQ(h.pass(1ms).size(), 3U);
  h.ready({0, 1});
  h.exit({0, 0}, 0);
  h.pass(kHealthySpell);
  EXPECT_EQ(h.get_stuck({0, 1}).size(), 3U) << "this one has served for a while";
}

TEST(SupervisorQuarantine, ThereAreNeverMoreThanTwoProcessesOfASlot) {
  Quarantining h(1);
  h.get_stuck({0, 0});
  h.ready({0, 1});
  h.pass(1s);
  EXPECT_EQ(h.get_stuck({0, 1}), Transcript{});
  EXPECT_EQ(h.pass(1s), Transcript{}) << "the first one still finishes what it has";
  EXPECT_EQ(h.exit({0, 0}, 0), (Transcript{"release 0.0", "note quarantine_started 0.1",
                                           "drain 0.1 stuck", "spawn 0.0 generation 1"}));
}

TEST(SupervisorQuarantine, OneThatWasReplacedWithoutADeadlineMakesRoom) {
  Settings patient = Harness::settings(1);
  patient.replaced_timeout = std::nullopt;
  Harness h(patient);
  h.serve();
  h.recycle({0, 0});
  h.ready({0, 1});
  EXPECT_FALSE(h.seat({0, 0}).deadline);
  h.get_stuck({0, 1});
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 8s);
}

TEST(SupervisorQuarantine, ASuccessorThatIsBootingAlreadyIsTheOne) {
  Quarantining h(1);
  h.recycle({0, 0});
  EXPECT_EQ(h.get_stuck({0, 0}), (Transcript{"note quarantine_started 0.0", "drain 0.0 stuck"}));
  EXPECT_EQ(h.exit({0, 1}, 3), (Transcript{"release 0.1", "note restart_delayed 0.1"}));
  EXPECT_EQ(h.pass(100ms), Transcript{"spawn 0.1 generation 1"});
}

TEST(SupervisorQuarantine, OneOfAGenerationThatMayLoadInVainIsWaitedFor) {
  Quarantining h(2);
  h.reload(2, 2);
  EXPECT_EQ(h.get_stuck({0, 0}), Transcript{});
  EXPECT_EQ(h.exit({0, 1}, 3),
            (Transcript{"release 0.1", "note reload_aborted 0.1", "note quarantine_started 0.0",
                        "drain 0.0 stuck", "spawn 0.1 generation 1"}));
}

TEST(SupervisorQuarantine, WhoTakesOverFromAStuckOneSaysSo) {
  Quarantining h(1);
  h.reload(2, 1);
  h.get_stuck({0, 0});
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 stuck", "note reload_finished"}));
}

TEST(SupervisorQuarantine, OnlyWorkersAreBelieved) {
  Settings with_tasks = Harness::settings(1, true);
  with_tasks.tasks = 1;
  Harness h(with_tasks);
  h.serve();
  EXPECT_EQ(h.get_stuck({h.supervisor.observer_slot(), 0}), Transcript{});
  EXPECT_EQ(h.get_stuck({h.supervisor.observer_slot() + 1, 0}), Transcript{});
  EXPECT_EQ(h.on(event::Recycle{{0, 0}, 77, RecycleReason::stuck}), Transcript{});
}

TEST(SupervisorQuarantine, AServerThatStopsReplacesNobody) {
  Quarantining h(1);
  h.stop();
  EXPECT_EQ(h.get_stuck({0, 0}), Transcript{});
}

}  // namespace
}  // namespace prefork::supervision
