// The supervisor's rules for changing the number of workers.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

TEST(SupervisorCount, AddsAWorkerInTheNextFreeSlotUpToTheCapacity) {
  Serving h(2);
  EXPECT_EQ(h.on(event::AddWorker{}), Transcript{"spawn 2.0 generation 1"});
  EXPECT_EQ(h.on(event::AddWorker{}), Transcript{"note cannot_add_worker"});
}

TEST(SupervisorCount, RemovesTheHighestWorkerButNeverTheLast) {
  Serving h(2);
  EXPECT_EQ(h.on(event::RemoveWorker{}), Transcript{"drain 1.0 removed"});
  EXPECT_EQ(h.seat({1, 0}).deadline, h.now + 8s);
  EXPECT_EQ(h.exit({1, 0}, 0), Transcript{"release 1.0"});
  EXPECT_EQ(h.on(event::RemoveWorker{}), Transcript{"note cannot_remove_worker"});
  EXPECT_EQ(h.pass(1s), Transcript{});
}

TEST(SupervisorCount, AnAddedWorkerDoesNotPayForTheFailuresOfARemovedOne) {
  Serving h(2);
  h.crash({1, 0});
  for (std::uint32_t attempt = 1; attempt < kBootAttempts; ++attempt) {
    h.pass(*h.seat({1, 0}).deadline - h.now);
    h.exit({1, 0}, 3);
  }
  h.on(event::RemoveWorker{});
  h.on(event::AddWorker{});
  h.exit({1, 0}, 3);
  EXPECT_EQ(h.state({1, 0}), ProcessState::backoff);
  EXPECT_EQ(h.last<action::Notice>().duration, Duration{kBackoffFirst});
}

TEST(SupervisorCount, FillsASlotWhoseSeatsAreBothLeavingAsSoonAsOneIsFree) {
  Serving h(2);
  h.on(event::RemoveWorker{});
  EXPECT_EQ(h.on(event::AddWorker{}), Transcript{"spawn 1.1 generation 1"});
  h.ready({1, 1});
  EXPECT_EQ(h.on(event::RemoveWorker{}), Transcript{"drain 1.1 removed"});
  EXPECT_EQ(h.on(event::AddWorker{}), Transcript{});
  EXPECT_EQ(h.exit({1, 0}, 0), (Transcript{"release 1.0", "spawn 1.0 generation 1"}));
}

TEST(SupervisorCount, SkipsASlotThatIsRemovedWhileItsCandidateBoots) {
  Serving h(2, true);
  h.reload(2, 2);
  h.ready({0, 1});
  EXPECT_EQ(h.on(event::RemoveWorker{}),
            (Transcript{"drain 1.0 removed", "drain 1.1 removed", "spawn 3.1 generation 2"}));
  EXPECT_EQ(h.ready({3, 1}), (Transcript{"drain 3.0 replaced", "note reload_finished"}));
}

}  // namespace
}  // namespace prefork::supervision
