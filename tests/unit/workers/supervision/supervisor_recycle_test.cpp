// The supervisor's rules for workers that are replaced because they ask for it.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

TEST(SupervisorRecycle, ReplacesTheWorkerThatAskedForIt) {
  Serving h(2);
  EXPECT_EQ(h.recycle({1, 0}), (Transcript{"note recycle_started 1.0", "spawn 1.1 generation 1"}));
  EXPECT_EQ(h.ready({1, 1}), Transcript{"drain 1.0 replaced"});
  EXPECT_EQ(h.supervisor.slots()[1].restarts, 0u);
}

TEST(SupervisorRecycle, TellsWhyAndCountsNoReasonAsALoss) {
  for (const RecycleReason why : {RecycleReason::lifetime, RecycleReason::memory}) {
    Serving h(2);
    h.on(event::Recycle{{1, 0}, h.seat({1, 0}).epoch, why});
    EXPECT_EQ(h.notices(NoticeKind::recycle_started).at(0).wish, why);
    h.ready({1, 1});
    EXPECT_EQ(h.exit({1, 0}, 0), Transcript{"release 1.0"});
    const auto released = h.last<action::Release>();
    EXPECT_EQ(released.last.wants_successor, why);
    EXPECT_TRUE(released.last.successor_due);
    EXPECT_EQ(h.supervisor.slots()[1].restarts, 0u);
    EXPECT_EQ(h.supervisor.slots()[1].setbacks, 0u);
  }
}

TEST(SupervisorRecycle, IsNotForTheProcessAfterTheOneThatWasMeant) {
  Serving h(2);
  const Epoch before = h.seat({1, 0}).epoch;
  h.crash({1, 0});
  h.pass(kBackoffFirst);
  h.ready({1, 0});
  EXPECT_EQ(h.on(event::Recycle{{1, 0}, before, RecycleReason::memory}), Transcript{});
}

TEST(SupervisorRecycle, ReplacesOneWorkerAtATime) {
  Serving h(2);
  h.recycle({1, 0});
  EXPECT_EQ(h.recycle({0, 0}), Transcript{});
  EXPECT_EQ(h.recycle({1, 0}), Transcript{});
  EXPECT_EQ(h.ready({1, 1}), (Transcript{"drain 1.0 replaced", "note recycle_started 0.0",
                                         "spawn 0.1 generation 1"}));
}

TEST(SupervisorRecycle, ServesTheLongestWaitingFirst) {
  Serving h(3);
  h.recycle({2, 0});
  h.pass(1ms);
  h.recycle({1, 0});
  h.pass(1ms);
  h.recycle({0, 0});
  EXPECT_EQ(h.ready({2, 1}).at(1), "note recycle_started 1.0");
}

TEST(SupervisorRecycle, WaitsForTheReloadWhichMakesItNeedless) {
  Serving h(1);
  h.reload(2, 1);
  EXPECT_EQ(h.recycle({0, 0}), Transcript{});
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "note reload_finished"}));
  EXPECT_EQ(h.pass(1s), Transcript{});
}

TEST(SupervisorRecycle, MakesAReloadWaitForItsCandidate) {
  Serving h(2);
  h.recycle({1, 0});
  EXPECT_EQ(h.reload(2, 2), Transcript{"note reload_queued"});
  EXPECT_EQ(h.ready({1, 1}),
            (Transcript{"drain 1.0 replaced", "note reload_started", "spawn 0.1 generation 2"}));
}

TEST(SupervisorRecycle, RetriesAFailedOneWhileTheOldWorkerGoesOn) {
  Serving h(1);
  h.recycle({0, 0});
  EXPECT_EQ(h.exit({0, 1}, 3), (Transcript{"release 0.1", "note recycle_aborted 0.0"}));
  EXPECT_EQ(h.recycle({0, 0}), Transcript{});
  EXPECT_EQ(h.pass(99ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note recycle_started 0.0", "spawn 0.1 generation 1"}));
  h.exit({0, 1}, 3);
  EXPECT_EQ(h.pass(199ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note recycle_started 0.0", "spawn 0.1 generation 1"}));
}

TEST(SupervisorRecycle, DoesNotSayThatASilentWorkerGoesOn) {
  Serving h(1);
  h.silent.insert({0, 0});
  h.pass(2s);
  h.recycle({0, 0});
  h.pass(2s);
  EXPECT_EQ(h.state({0, 0}), ProcessState::killing);
  EXPECT_EQ(h.exit({0, 1}, 3), Transcript{"release 0.1"});
  EXPECT_EQ(h.crash({0, 0}, 6), (Transcript{"release 0.0", "note restart_delayed 0.0"}));
}

TEST(SupervisorRecycle, IgnoresAWishOfAnEarlierProcess) {
  Serving h(1);
  EXPECT_EQ(h.on(event::Recycle{{0, 0}, 77}), Transcript{});
}

TEST(SupervisorRecycle, PromotesTheSuccessorWhenTheOldWorkerCrashesMeanwhile) {
  Serving h(2);
  h.recycle({0, 0});
  EXPECT_EQ(h.recycle({1, 0}), Transcript{});
  EXPECT_EQ(h.crash({0, 0}),
            (Transcript{"release 0.0", "note recycle_started 1.0", "spawn 1.1 generation 1"}));
  h.exit({0, 1}, 3);
  EXPECT_EQ(h.state({0, 1}), ProcessState::backoff);
}

}  // namespace
}  // namespace prefork::supervision
