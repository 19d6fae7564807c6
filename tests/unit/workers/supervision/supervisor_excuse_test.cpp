// The supervisor's rules for who is not to blame: a process that was sent SIGTERM by somebody, and
// those that could not run.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

TEST(SupervisorTerminate, StartsASuccessorFirstAndThenLetsTheWorkerFinish) {
  Harness h(Harness::settings(1));
  h.serve();
  EXPECT_EQ(h.terminate({0, 0}), Transcript{});
  EXPECT_EQ(h.pass(kTerminateDelay),
            (Transcript{"note terminate_started 0.0", "spawn 0.1 generation 1"}));
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
  EXPECT_EQ(h.ready({0, 1}), Transcript{"drain 0.0 replaced"});
  EXPECT_EQ(h.exit({0, 0}, 0), Transcript{"release 0.0"});
  EXPECT_EQ(h.supervisor.slots()[0].setbacks, 0U) << "that was no crash";
}

TEST(SupervisorTerminate, HasADeadlineForTheWorkerAsEveryDrainHas) {
  Harness h(Harness::settings(1));
  h.serve();
  h.terminate({0, 0});
  h.pass(kTerminateDelay);
  h.ready({0, 1});
  EXPECT_EQ(h.pass(8s), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
}

TEST(SupervisorTerminate, OfEveryProcessIsAStopAndStartsNobody) {
  Harness h(Harness::settings(2, true));
  h.serve();
  for (const Place at : {Place{0, 0}, Place{1, 0}, Place{3, 0}}) {
    EXPECT_EQ(h.terminate(at), Transcript{});
  }
  EXPECT_EQ(h.stop(), (Transcript{"drain 0.0 stop", "drain 1.0 stop"}));
  EXPECT_EQ(h.pass(kTerminateDelay), Transcript{});
}

TEST(SupervisorTerminate, OfTheObserverGivesAnotherOne) {
  Harness h(Harness::settings(1, true));
  h.serve();
  h.terminate({2, 0});
  EXPECT_EQ(h.pass(kTerminateDelay),
            (Transcript{"note terminate_started 2.0", "spawn 2.1 generation 1"}));
  EXPECT_EQ(h.ready({2, 1}), Transcript{"drain 2.0 replaced"});
}

TEST(SupervisorExcuse, WhoCouldNotRunIsNotSilent) {
  Harness h(Harness::settings(1));
  h.serve();
  h.silent.insert({0, 0});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(h.pass(1s), Transcript{});
    h.on(event::Excused{{0, 0}, 1s});
  }
  EXPECT_EQ(h.pass(4s), (Transcript{"note silent 0.0", "kill 0.0 SIGABRT"}));
}

TEST(SupervisorExcuse, ExcusesNobodyInAdvance) {
  Harness h(Harness::settings(1));
  h.serve();
  h.silent.insert({0, 0});
  h.on(event::Excused{{0, 0}, 100s});
  EXPECT_EQ(h.pass(4s), (Transcript{"note silent 0.0", "kill 0.0 SIGABRT"}));
}

TEST(SupervisorExcuse, WhoCouldNotRunBootsLonger) {
  Harness h(Harness::settings(1));
  h.start();
  h.pass(4s);
  h.on(event::Excused{{0, 0}, 3s});
  EXPECT_EQ(h.pass(3s), Transcript{});
  EXPECT_EQ(h.pass(1s), (Transcript{"note boot_deadline_passed 0.0", "kill 0.0 SIGABRT"}));
}

TEST(SupervisorExcuse, ACoreIsWrittenToItsEnd) {
  Harness h(Harness::settings(1));
  h.serve();
  h.silent.insert({0, 0});
  h.pass(4s);
  for (int i = 0; i < 50; ++i) {
    h.on(event::Excused{{0, 0}, 500ms});
    EXPECT_EQ(h.pass(500ms), Transcript{});
  }
  EXPECT_EQ(h.pass(kAbortGrace), Transcript{"kill 0.0 SIGKILL"});
}

TEST(SupervisorExcuse, DoesNotHoldUpAStop) {
  Harness h(Harness::settings(1));
  h.serve();
  h.stop();
  h.on(event::Excused{{0, 0}, 100s});
  EXPECT_EQ(h.pass(8s), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
}

TEST(SupervisorBeats, AreNotJudgedWhenThatIsOff) {
  Settings settings = Harness::settings(1);
  settings.healthcheck_timeout = Duration::zero();
  Harness h(settings);
  h.serve();
  h.silent.insert({0, 0});
  EXPECT_EQ(h.pass(24h), Transcript{});
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
}

}  // namespace
}  // namespace prefork::supervision
