// The supervisor's rules for task processes, one scenario per rule: slots behind the observer's.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

// One worker in slot 0 of two, the observer's slot 2, task processes from slot 3.
constexpr Place kWorker{0, 0};
constexpr Place kTask{3, 0};

Harness with_tasks(std::uint32_t tasks, bool observer = false) {
  Settings settings = Harness::settings(1, observer);
  settings.tasks = tasks;
  return Harness(settings);
}

TEST(SupervisorTasks, AreStartedBesideTheWorkers) {
  Harness h = with_tasks(2, true);
  EXPECT_EQ(h.start(), (Transcript{"spawn 2.0 generation 1", "spawn 0.0 generation 1",
                                   "spawn 3.0 generation 1", "spawn 4.0 generation 1"}));
  EXPECT_EQ(h.all<action::Spawn>()[0].role, Role::observer);
  EXPECT_EQ(h.all<action::Spawn>()[1].role, Role::worker);
  EXPECT_EQ(h.all<action::Spawn>()[2].role, Role::task);
}

TEST(SupervisorTasks, OneThatIsLostIsStartedAgainAfterABackoff) {
  Harness h = with_tasks(1);
  h.serve();
  EXPECT_EQ(h.crash(kTask), (Transcript{"release 3.0", "note restart_delayed 3.0"}));
  EXPECT_EQ(h.pass(kBackoffFirst), Transcript{"spawn 3.0 generation 1"});
  h.ready(kTask);
  h.crash(kTask);
  EXPECT_EQ(h.last<action::Notice>().duration, 2 * kBackoffFirst);
}

TEST(SupervisorTasks, OnesThatCannotBootDoNotEndTheServer) {
  Harness h = with_tasks(1);
  h.start();
  h.ready(kWorker);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(h.exit(kTask, kApplicationFailed).back(), "note restart_delayed 3.0");
    h.pass(kBackoffMax);
  }
  EXPECT_EQ(h.supervisor.ready_workers(), 1U);
}

TEST(SupervisorTasks, OneThatIsSilentIsEnded) {
  Harness h = with_tasks(1);
  h.serve();
  h.silent.insert(kTask);
  EXPECT_EQ(h.pass(4s), (Transcript{"note silent 3.0", "kill 3.0 SIGABRT"}));
}

TEST(SupervisorTasks, AReloadReplacesThemBeforeTheWorkers) {
  Harness h = with_tasks(1);
  h.serve();
  EXPECT_EQ(h.reload(2, 1), (Transcript{"note reload_started", "spawn 3.1 generation 2"}));
  EXPECT_EQ(h.ready({3, 1}), (Transcript{"drain 3.0 replaced", "spawn 0.1 generation 2"}));
  EXPECT_EQ(h.ready({0, 1}), (Transcript{"drain 0.0 replaced", "note reload_finished"}));
  EXPECT_EQ(h.pass(8s).front(), "note drain_deadline_passed 0.0");
}

TEST(SupervisorTasks, AReloadThatTheyCannotBootWithIsAborted) {
  Harness h = with_tasks(1);
  h.serve();
  h.reload(2, 1);
  EXPECT_EQ(h.exit({3, 1}, kApplicationFailed),
            (Transcript{"release 3.1", "note reload_aborted 3.1"}));
  EXPECT_EQ(h.seat(kTask).part, Part::current);
}

TEST(SupervisorTasks, AStopAsksThemTogetherWithTheWorkersAndTheObserverAfterBoth) {
  Harness h = with_tasks(1, true);
  h.serve();
  EXPECT_EQ(h.stop(), (Transcript{"drain 0.0 stop", "drain 3.0 stop"}));
  EXPECT_EQ(h.exit(kWorker, 0), Transcript{"release 0.0"});
  EXPECT_EQ(h.exit(kTask, 0), (Transcript{"release 3.0", "drain 2.0 stop"}));
  EXPECT_EQ(h.exit({2, 0}, 0), (Transcript{"release 2.0", "finish stopped"}));
}

TEST(SupervisorTasks, AtAStopARunningTaskHasTheTimeOfARequestAndIsNoCutRequest) {
  Harness h = with_tasks(1);
  h.serve();
  h.stop();
  h.exit(kWorker, 0);
  EXPECT_EQ(h.pass(7999ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note drain_deadline_passed 3.0", "kill 3.0 SIGKILL"}));
  EXPECT_EQ(h.crash(kTask, 9).back(), "finish stopped");
}

TEST(SupervisorTasks, OneThatWasSentSigtermGetsASuccessorFirst) {
  Harness h = with_tasks(1);
  h.serve();
  h.terminate(kTask);
  EXPECT_EQ(h.pass(kTerminateDelay),
            (Transcript{"note terminate_started 3.0", "spawn 3.1 generation 1"}));
  EXPECT_EQ(h.ready({3, 1}), Transcript{"drain 3.0 replaced"});
}

}  // namespace
}  // namespace prefork::supervision
