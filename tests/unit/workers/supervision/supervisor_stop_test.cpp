// The supervisor's rules for stopping, one scenario per rule.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

TEST(SupervisorStop, LetsWorkersFinishAndThenTheObserverWhenStopped) {
  Harness h = with(2, true);
  h.serve();
  EXPECT_EQ(h.stop(), (Transcript{"drain 0.0 stop", "drain 1.0 stop"}));
  EXPECT_EQ(h.exit({0, 0}, 0), Transcript{"release 0.0"});
  EXPECT_EQ(h.exit({1, 0}, 0), (Transcript{"release 1.0", "drain 3.0 stop"}));
  EXPECT_EQ(h.exit({3, 0}, 0), (Transcript{"release 3.0", "finish stopped"}));
  EXPECT_TRUE(h.supervisor.finished());
  EXPECT_EQ(h.tick(), Transcript{});
}

TEST(SupervisorStop, CutsAWorkerAtTheGracefulDeadline) {
  Harness h = with(1);
  h.serve();
  h.stop();
  EXPECT_EQ(h.pass(7999ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note drain_deadline_passed 0.0", "kill 0.0 SIGKILL"}));
  EXPECT_EQ(h.crash({0, 0}, 9, 1), (Transcript{"release 0.0", "finish requests_cut"}));
}

TEST(SupervisorStop, HasCutNothingWhereThereWasNoRequest) {
  Harness hangs = with(1);
  hangs.serve();
  hangs.stop();
  hangs.pass(8s);
  EXPECT_EQ(hangs.crash({0, 0}, 9, 0).back(), "finish stopped") << "a hook that hangs, say";
  Harness idle = with(1);
  idle.serve();
  idle.stop_now();
  EXPECT_EQ(idle.crash({0, 0}, 9, 0).back(), "finish stopped");
}

TEST(SupervisorStop, HasCutNothingWhenAWorkerCrashesMeanwhile) {
  Harness h = with(1);
  h.serve();
  h.stop();
  EXPECT_EQ(h.crash({0, 0}, 11, 3).back(), "finish stopped");
}

TEST(SupervisorStop, DoesNotWaitForWhoIsNotReadyYet) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  EXPECT_EQ(h.stop(), (Transcript{"drain 0.0 stop", "drain 1.0 stop"}));
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.pass(kBootStopGrace), Transcript{"kill 1.0 SIGKILL"});
  EXPECT_EQ(h.crash({1, 0}, 9).back(), "finish stopped");
}

TEST(SupervisorStop, KillsAnObserverThatDoesNotLeaveWithoutCallingItCut) {
  Harness h = with(1, true);
  h.serve();
  h.stop();
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.pass(kObserverStopGrace),
            (Transcript{"note drain_deadline_passed 2.0", "kill 2.0 SIGKILL"}));
  EXPECT_EQ(h.crash({2, 0}, 9).back(), "finish stopped");
}

TEST(SupervisorStop, ASecondStopKillsEverybodyAtOnce) {
  Harness h = with(2, true);
  h.serve();
  h.stop();
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.stop(), (Transcript{"kill 1.0 SIGKILL", "kill 3.0 SIGKILL"}));
  h.crash({3, 0}, 9);
  EXPECT_EQ(h.crash({1, 0}, 9, 1).back(), "finish requests_cut");
}

TEST(SupervisorStop, StopNowCutsOnlyWorkersThatHadServed) {
  Harness serving = with(1);
  serving.serve();
  EXPECT_EQ(serving.stop_now(), Transcript{"kill 0.0 SIGKILL"});
  EXPECT_EQ(serving.crash({0, 0}, 9, 2).back(), "finish requests_cut");

  Harness booting = with(1);
  booting.start();
  EXPECT_EQ(booting.stop_now(), Transcript{"kill 0.0 SIGKILL"});
  EXPECT_EQ(booting.crash({0, 0}, 9).back(), "finish stopped");
}

TEST(SupervisorStop, NeverSpawnsAgainOnceStopping) {
  Harness h = with(2, true);
  h.serve();
  h.crash({0, 0});
  EXPECT_EQ(h.stop(), Transcript{"drain 1.0 stop"});
  EXPECT_EQ(h.state({0, 0}), ProcessState::vacant);
  h.crash({3, 0});
  h.on(event::AddWorker{});
  h.reload(2, 3);
  EXPECT_EQ(h.pass(1s), Transcript{});
  EXPECT_EQ(h.crash({1, 0}), (Transcript{"release 1.0", "finish stopped"}));
}

TEST(SupervisorStop, StopDrainsWhatIsStillStarting) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  EXPECT_EQ(h.stop(), (Transcript{"drain 0.0 stop", "drain 1.0 stop"}));
  EXPECT_EQ(h.ready({1, 0}), Transcript{});
  EXPECT_EQ(h.state({1, 0}), ProcessState::draining);
}

TEST(SupervisorStop, SendsSigkillAtOnceToOneThatWasSentSigabrt) {
  Harness h = with(2);
  h.serve();
  h.silent.insert({0, 0});
  h.pass(4s);
  EXPECT_EQ(h.stop(), Transcript{"drain 1.0 stop"});
  EXPECT_EQ(h.stop(), (Transcript{"kill 0.0 SIGKILL", "kill 1.0 SIGKILL"}));
}

TEST(SupervisorStop, DoesNotCallAWorkerCutThatWasKilledForItsSilence) {
  for (const StopMode mode : {StopMode::graceful, StopMode::now}) {
    Harness h = with(1);
    h.serve();
    h.silent.insert({0, 0});
    h.pass(4s);
    h.on(event::Stop{mode});
    EXPECT_EQ(h.crash({0, 0}, 6), (Transcript{"release 0.0", "finish stopped"}));
  }
}

TEST(SupervisorStop, ASignalWhileGivingUpKillsWhatIsLeftAndKeepsTheReason) {
  Harness h = with(1, true);
  h.start();
  EXPECT_EQ(h.exit({0, 0}, 4).back(), "drain 2.0 stop");
  EXPECT_EQ(h.stop(), Transcript{"kill 2.0 SIGKILL"});
  EXPECT_EQ(h.crash({2, 0}, 9), (Transcript{"release 2.0", "finish application_failed"}));
}

}  // namespace
}  // namespace prefork::supervision
