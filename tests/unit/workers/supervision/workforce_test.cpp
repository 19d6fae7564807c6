#include "workers/supervision/workforce.h"

#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_parts.h"

namespace prefork::supervision {
namespace {

TEST(Workforce, FillsEverySlotNobodyAnswersFor) {
  Parts parts;
  parts.workforce.fill_all();
  EXPECT_EQ(parts.orders(), (Transcript{"spawn 0.0 generation 1", "spawn 1.0 generation 1"}));
  parts.workforce.fill_all();
  EXPECT_EQ(parts.orders(), Transcript{});
}

TEST(Workforce, ASlotWhoseSeatsAreBothTakenByRetiringProcessesWaits) {
  Parts parts;
  for (const Place at : {Place{0, 0}, Place{0, 1}}) {
    parts.serve(at);
    parts.machine.feed(at, Input::retire, {});
  }
  parts.orders();
  parts.workforce.fill(0);
  EXPECT_EQ(parts.orders(), Transcript{});
  parts.machine.feed({0, 1}, Input::exited, {});
  parts.orders();
  parts.workforce.fill(0);
  EXPECT_EQ(parts.orders(), Transcript{"spawn 0.1 generation 1"});
}

TEST(Workforce, AddsUntilAllSlotsAreInUse) {
  Parts parts;
  parts.workforce.on(event::AddWorker{});
  EXPECT_EQ(parts.wanted.workers, 3U);
  EXPECT_EQ(parts.orders(), Transcript{"spawn 2.0 generation 1"});
  parts.workforce.on(event::AddWorker{});
  EXPECT_EQ(parts.wanted.workers, 3U);
  EXPECT_EQ(parts.orders(), Transcript{"note cannot_add_worker"});
}

TEST(Workforce, RemovesTheLastSlotButNeverTheLastWorker) {
  Parts parts;
  parts.serve({1, 0});
  parts.workforce.on(event::RemoveWorker{});
  EXPECT_EQ(parts.orders(), Transcript{"drain 1.0 removed"});
  EXPECT_EQ(parts.roster.slots()[1].want, Want::drain);
  parts.workforce.on(event::RemoveWorker{});
  EXPECT_EQ(parts.wanted.workers, 1U);
  EXPECT_EQ(parts.orders(), Transcript{"note cannot_remove_worker"});
}

TEST(Workforce, ResizesWithinWhatThereIs) {
  Parts parts;
  parts.workforce.resize(0);
  EXPECT_EQ(parts.wanted.workers, 1U);
  parts.workforce.resize(9);
  EXPECT_EQ(parts.wanted.workers, 3U);
  EXPECT_EQ(parts.wanted.settings.workers, 3U);
  EXPECT_EQ(parts.orders(), (Transcript{"note cannot_add_worker", "spawn 1.0 generation 1",
                                        "spawn 2.0 generation 1"}));
}

TEST(Workforce, IsSetToANumber) {
  Parts parts;
  parts.workforce.on(event::SetWorkers{3});
  EXPECT_EQ(parts.orders(), (Transcript{"spawn 2.0 generation 1"}));
  parts.machine.feed({2, 0}, Input::forked, {.pid = 120});
  parts.machine.feed({2, 0}, Input::ready, {});
  parts.serve({0, 0});
  parts.serve({1, 0});
  parts.workforce.on(event::SetWorkers{1});
  EXPECT_EQ(parts.wanted.workers, 1U);
  EXPECT_EQ(parts.orders(), (Transcript{"drain 2.0 removed", "drain 1.0 removed"}));
  for (const std::uint32_t impossible : {0U, 4U}) {
    parts.workforce.on(event::SetWorkers{impossible});
    EXPECT_EQ(parts.wanted.workers, 1U);
    EXPECT_EQ(parts.orders(), Transcript{"note cannot_add_worker"});
  }
}

TEST(Workforce, ADrainedSlotStaysEmptyUntilItIsRestartedOrTheNumberIsSet) {
  Parts parts;
  parts.serve({0, 0});
  parts.serve({1, 0});
  parts.workforce.on(event::DrainSlot{0});
  EXPECT_EQ(parts.orders(), Transcript{"drain 0.0 removed"});
  parts.machine.feed({0, 0}, Input::exited, {});
  parts.orders();
  parts.workforce.fill_all();
  parts.workforce.on(event::DrainSlot{0});
  EXPECT_EQ(parts.orders(), Transcript{});
  parts.workforce.on(event::RestartSlot{0});
  EXPECT_EQ(parts.orders(), Transcript{"spawn 0.0 generation 1"});
  parts.workforce.on(event::DrainSlot{0});
  parts.machine.feed({0, 0}, Input::exited, {});
  parts.orders();
  parts.workforce.on(event::SetWorkers{2});
  EXPECT_EQ(parts.orders(), Transcript{"spawn 0.0 generation 1"});
}

TEST(Workforce, WhoeverIsTheLastToServeIsNeitherDrainedNorRemoved) {
  Parts parts;
  parts.serve({0, 0});
  parts.serve({1, 0});
  parts.workforce.on(event::DrainSlot{0});
  parts.orders();
  parts.workforce.on(event::DrainSlot{1});
  EXPECT_EQ(parts.orders(), Transcript{"note cannot_remove_worker"});
  parts.workforce.on(event::RemoveWorker{});
  EXPECT_EQ(parts.orders(), Transcript{"note cannot_remove_worker"});
  EXPECT_EQ(parts.wanted.workers, 2U);
}

TEST(Workforce, AReloadToFewerWorkersLeavesOneThatServes) {
  Parts parts;
  parts.serve({0, 0});
  parts.serve({1, 0});
  parts.workforce.on(event::DrainSlot{0});
  parts.machine.feed({0, 0}, Input::exited, {});
  parts.orders();
  parts.workforce.resize(1);
  EXPECT_EQ(parts.orders(), (Transcript{"drain 1.0 removed", "spawn 0.0 generation 1"}));
}

TEST(Workforce, ARestartOfOneThatWaitsForItsNextStartDoesNotWait) {
  Parts parts;
  parts.serve({0, 0});
  const Failure failure{FailureKind::crashed, {0, 0}, 100, {}, 0, parts.turn.now};
  parts.machine.feed({0, 0}, Input::exited, {});
  parts.machine.succeed({0, 0}, failure);
  parts.orders();
  parts.workforce.on(event::RestartSlot{0});
  EXPECT_EQ(parts.orders(), Transcript{"spawn 0.0 generation 1"});
  parts.workforce.on(event::RestartSlot{2});
  EXPECT_EQ(parts.orders(), Transcript{}) << "nobody wants that one";
}

TEST(Workforce, ARestartPutsTheSuccessorFirst) {
  Harness h(Harness::settings());
  h.serve();
  EXPECT_EQ(h.on(event::RestartSlot{1}),
            (Transcript{"note restart_started 1.0", "spawn 1.1 generation 1"}));
  EXPECT_EQ(h.ready({1, 1}), Transcript{"drain 1.0 replaced"});
}

TEST(Workforce, AReloadLeavesADrainedSlotEmpty) {
  Harness h(Harness::settings());
  h.serve();
  h.on(event::DrainSlot{1});
  h.exit({1, 0}, 0);
  EXPECT_EQ(h.reload(2, 2), (Transcript{"note reload_started", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "note reload_finished"}));
}

TEST(Workforce, AServerIsGivenUpWhenAllButTheDrainedCannotBoot) {
  Harness h(Harness::settings());
  h.start();
  h.on(event::DrainSlot{1});
  h.exit({1, 0}, 0);
  h.exit({0, 0}, kCouldNotBoot);
  EXPECT_TRUE(h.supervisor.finished());
}

}  // namespace
}  // namespace prefork::supervision
