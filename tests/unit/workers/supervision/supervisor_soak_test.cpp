// A reload watches its first worker before it replaces the others, where it is told to.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

struct Soaking : Harness {
  // The first worker of generation 2 is ready; the other two are of generation 1.
  Soaking() : Harness(settings(3)) {
    serve();
    last_settings.soak = 30s;
    last_settings.at_once = 2;
    first_orders = reload(2, 3);
    soak_orders = ready({0, 1});
  }
  Transcript compared(bool is_worse) {
    return on(event::Compared{{0, 1}, seat({0, 1}).epoch, is_worse});
  }

  Transcript first_orders;
  Transcript soak_orders;
};

TEST(SupervisorSoak, BeginsWithOneWorkerHoweverManyMayBeUnderWay) {
  const Soaking h;
  EXPECT_EQ(h.first_orders, (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.soak_orders, (Transcript{"note soak_started 0.1", "drain 0.0 replaced"}));
  const auto said = h.notices(NoticeKind::soak_started).at(0);
  EXPECT_EQ(said.duration, Duration{30s});
  EXPECT_EQ(said.generation, 2U);
}

TEST(SupervisorSoak, ReplacesTheOthersWhenTheFirstHasAnsweredAsWell) {
  Soaking h;
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.pass(29s), Transcript{});
  EXPECT_EQ(h.pass(1s), Transcript{"compare 0.1"});
  EXPECT_TRUE(h.supervisor.reloading());
  EXPECT_EQ(h.compared(false), (Transcript{"spawn 1.1 generation 2", "spawn 2.1 generation 2"}));
  h.ready({1, 1});
  EXPECT_EQ(h.ready({2, 1}), (Transcript{"drain 2.0 replaced", "note reload_finished"}));
}

TEST(SupervisorSoak, GoesBackWhenTheFirstAnswersWorse) {
  Soaking h;
  h.exit({0, 0}, 0);
  h.pass(30s);
  EXPECT_EQ(h.compared(true), (Transcript{"note rollback_started 0.1", "spawn 0.0 generation 1"}));
  EXPECT_EQ(h.notices(NoticeKind::rollback_started).at(0).failure->kind, FailureKind::worse);
  EXPECT_EQ(h.supervisor.generation(), 1U);
  EXPECT_EQ(h.ready({0, 0}), (Transcript{"drain 0.1 replaced", "note rollback_finished"}));
}

TEST(SupervisorSoak, GoesBackWhenTheFirstEnds) {
  Soaking h;
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.crash({0, 1}), (Transcript{"release 0.1", "note rollback_started 0.1",
                                         "note restart_delayed 0.1", "note rollback_finished"}))
      << "nobody else is of the generation that was given up";
  EXPECT_EQ(h.supervisor.generation(), 1U);
  EXPECT_EQ(h.pass(100ms), Transcript{"spawn 0.1 generation 1"});
}

TEST(SupervisorSoak, GoesBackWhenTheFirstIsSilent) {
  Soaking h;
  h.exit({0, 0}, 0);
  h.silent.insert({0, 1});
  h.pass(4s);
  EXPECT_EQ(h.notices(NoticeKind::silent).size(), 1U);
  EXPECT_TRUE(h.supervisor.reloading()) << "it has not ended yet";
  h.crash({0, 1}, 6);
  EXPECT_EQ(h.notices(NoticeKind::rollback_started).size(), 1U);
  EXPECT_FALSE(h.supervisor.reloading());
}

TEST(SupervisorSoak, GoesBackWhenTheFirstIsStuck) {
  Soaking h;
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.on(event::Recycle{{0, 1}, h.seat({0, 1}).epoch, RecycleReason::stuck}),
            (Transcript{"note quarantine_started 0.1", "drain 0.1 stuck", "spawn 0.0 generation 2",
                        "note rollback_started 0.1"}));
  EXPECT_EQ(h.supervisor.generation(), 1U);
  EXPECT_EQ(h.notices(NoticeKind::rollback_started).at(0).failure->kind, FailureKind::worse);
}

TEST(SupervisorSoak, IsOfTheNextOneWhenTheFirstWasAskedToLeave) {
  Soaking h;
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.on(event::DrainSlot{0}), (Transcript{"drain 0.1 removed", "spawn 1.1 generation 2"}));
  h.exit({0, 1}, 0);
  EXPECT_EQ(h.ready({1, 1}), (Transcript{"note soak_started 1.1", "drain 1.0 replaced"}));
  h.exit({1, 0}, 0);
  EXPECT_EQ(h.pass(30s), Transcript{"compare 1.1"});
  EXPECT_EQ(h.on(event::Compared{{1, 1}, h.seat({1, 1}).epoch, true}).at(0),
            "note rollback_started 1.1");
}

TEST(SupervisorSoak, AnEndOfAnotherIsNotTheFirstOnes) {
  Soaking h;
  h.crash({1, 0});
  EXPECT_TRUE(h.supervisor.reloading());
  EXPECT_EQ(h.notices(NoticeKind::rollback_started).size(), 0U);
}

TEST(SupervisorSoak, AnAnswerThatNobodyHasAskedForChangesNothing) {
  Soaking h;
  EXPECT_EQ(h.compared(true), Transcript{}) << "its time is not over";
  EXPECT_EQ(h.on(event::Compared{{0, 1}, 999, true}), Transcript{}) << "somebody else";
  EXPECT_EQ(h.on(event::Compared{{77, 1}, 1, true}), Transcript{}) << "nobody";
  EXPECT_TRUE(h.supervisor.reloading());
}

TEST(SupervisorSoak, AStopDoesNotWaitForIt) {
  Soaking h;
  h.stop();
  EXPECT_EQ(h.notices(NoticeKind::reload_aborted).size(), 1U);
  h.pass(30s);
  EXPECT_EQ(h.all<action::Compare>().size(), 0U);
}

}  // namespace
}  // namespace prefork::supervision
