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
  parts.workforce.add();
  EXPECT_EQ(parts.wanted.workers, 3U);
  EXPECT_EQ(parts.orders(), Transcript{"spawn 2.0 generation 1"});
  parts.workforce.add();
  EXPECT_EQ(parts.wanted.workers, 3U);
  EXPECT_EQ(parts.orders(), Transcript{"note cannot_add_worker"});
}

TEST(Workforce, RemovesTheLastSlotButNeverTheLastWorker) {
  Parts parts;
  parts.serve({1, 0});
  parts.workforce.remove();
  EXPECT_EQ(parts.orders(), Transcript{"drain 1.0 removed"});
  EXPECT_EQ(parts.roster.slots()[1].want, Want::drain);
  parts.workforce.remove();
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

}  // namespace
}  // namespace prefork::supervision
