// The supervisor's rules for booting, liveness and restarts, one scenario per rule.
#include <gtest/gtest.h>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

std::vector<Duration> restart_delays(const Harness& h) {
  std::vector<Duration> delays;
  for (const auto& notice : h.notices(NoticeKind::restart_delayed)) {
    delays.push_back(notice.duration);
  }
  return delays;
}

// The process in this seat exits as one that cannot boot, and its slot waits for the next try.
void fail_boots(Harness& h, Place at, std::uint32_t times) {
  for (std::uint32_t i = 0; i < times; ++i) {
    if (h.state(at) == ProcessState::backoff) h.pass(*h.seat(at).deadline - h.now);
    ASSERT_EQ(h.state(at), ProcessState::starting);
    h.exit(at, kCouldNotBoot);
  }
}

TEST(Supervisor, SpawnsTheObserverAndThenEveryWorkerWhenStarted) {
  Harness h = with(2, true);
  EXPECT_EQ(h.start(), (Transcript{"spawn 3.0 generation 1", "spawn 0.0 generation 1",
                                   "spawn 1.0 generation 1"}));
  EXPECT_EQ(h.all<action::Spawn>().at(0).role, Role::observer);
  EXPECT_EQ(h.all<action::Spawn>().at(1).role, Role::worker);
  EXPECT_EQ(h.start(), Transcript{});
}

TEST(Supervisor, DoesNothingBeforeItIsStarted) {
  Harness h = with(2, true);
  EXPECT_EQ(h.on(event::AddWorker{}), Transcript{});
  EXPECT_EQ(h.on(event::RemoveWorker{}), Transcript{});
  EXPECT_EQ(h.supervisor.workers(), 2u);
  EXPECT_EQ(h.reload(2, 1), Transcript{});
  EXPECT_EQ(h.tick(), Transcript{});
  EXPECT_EQ(h.supervisor.next_deadline(), std::nullopt);
  EXPECT_EQ(h.stop(), Transcript{"finish stopped"});
  EXPECT_EQ(h.start(), Transcript{});
}

TEST(Supervisor, SetsTheBootDeadlineBeforeTheFork) {
  Harness h = with(1);
  h.forks = Forks::stay_unanswered;
  h.start();
  EXPECT_EQ(h.seat({0, 0}).pid, std::nullopt);
  EXPECT_EQ(h.seat({0, 0}).deadline, h.now + 5s);
  EXPECT_EQ(h.supervisor.next_deadline(), h.now + 5s);
}

TEST(Supervisor, KillsAWorkerThatIsNotReadyInTime) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  EXPECT_EQ(h.pass(5s), (Transcript{"note boot_deadline_passed 1.0", "kill 1.0 SIGABRT"}));
  EXPECT_EQ(h.pass(999ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), Transcript{"kill 1.0 SIGKILL"});
  EXPECT_EQ(h.crash({1, 0}, 9), (Transcript{"release 1.0", "note restart_delayed 1.0"}));
  EXPECT_EQ(h.supervisor.slots()[1].boot_failure->kind, FailureKind::boot_timed_out);
}

TEST(Supervisor, NeverJudgesAStartingWorkerByItsHeartbeat) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  h.silent.insert({1, 0});
  EXPECT_EQ(h.pass(4900ms), Transcript{});
  EXPECT_EQ(h.state({1, 0}), ProcessState::starting);
}

TEST(Supervisor, IgnoresTheReadinessOfAnEarlierProcess) {
  Harness h = with(1);
  h.serve();
  const Epoch first = h.seat({0, 0}).epoch;
  h.crash({0, 0});
  h.pass(kBackoffFirst);
  h.on(event::Ready{{0, 0}, first});
  EXPECT_EQ(h.state({0, 0}), ProcessState::starting);
  h.ready({0, 0});
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
}

TEST(Supervisor, AsksAProcessToLeaveOnlyOnceItsForkIsReported) {
  Harness h = with(1);
  h.forks = Forks::stay_unanswered;
  h.start();
  EXPECT_EQ(h.stop(), Transcript{});
  EXPECT_EQ(h.on(event::Forked{{0, 0}, 7}), Transcript{"drain 0.0 stop"});
}

TEST(Supervisor, SendsASignalDecidedOnBeforeTheForkWasReported) {
  Harness h = with(1);
  h.forks = Forks::stay_unanswered;
  h.start();
  EXPECT_EQ(h.stop_now(), Transcript{});
  EXPECT_EQ(h.on(event::Forked{{0, 0}, 7}), Transcript{"kill 0.0 SIGKILL"});
  EXPECT_EQ(h.on(event::Exited{7, {0, 9, false}}), (Transcript{"release 0.0", "finish stopped"}));
}

TEST(Supervisor, KillsASilentWorkerAndReplacesItWhenItIsReaped) {
  Harness h = with(2);
  h.serve();
  h.silent.insert({1, 0});
  EXPECT_EQ(h.pass(3999ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), (Transcript{"note silent 1.0", "kill 1.0 SIGABRT"}));
  EXPECT_EQ(h.notices(NoticeKind::silent).at(0).duration, 4s);
  EXPECT_EQ(h.pass(1s), Transcript{"kill 1.0 SIGKILL"});
  EXPECT_EQ(h.crash({1, 0}, 9), (Transcript{"release 1.0", "note restart_delayed 1.0"}));
  EXPECT_EQ(h.supervisor.slots()[1].last_failure->kind, FailureKind::silent);
  EXPECT_EQ(h.pass(100ms), Transcript{"spawn 1.0 generation 1"});
}

TEST(Supervisor, SaysAgainThatAProcessIsStillThereAfterSigkill) {
  Harness h = with(2);
  h.serve();
  h.silent.insert({1, 0});
  h.pass(5s);
  EXPECT_EQ(h.pass(kKillAgain), (Transcript{"note still_there 1.0", "kill 1.0 SIGKILL"}));
  EXPECT_EQ(h.notices(NoticeKind::still_there).at(0).duration, 11s);
}

TEST(Supervisor, DoesNotBelieveABeatFromTheFuture) {
  Harness h = with(1);
  h.serve();
  h.on(event::Beat{{0, 0}, h.now + 1h});
  h.silent.insert({0, 0});
  EXPECT_EQ(h.pass(4s), (Transcript{"note silent 0.0", "kill 0.0 SIGABRT"}));
}

TEST(Supervisor, AsksForATickEverySecondWhileSomebodyIsReady) {
  Harness h = with(1);
  h.serve();
  EXPECT_EQ(h.supervisor.next_deadline(), h.now + kWatchEvery);
}

TEST(Supervisor, JudgesNobodyAfterItWasAsleepItself) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  h.now += 1h;
  EXPECT_EQ(h.tick(), Transcript{"note overslept"});
  EXPECT_EQ(h.notices(NoticeKind::overslept).at(0).duration, 1h - kWatchEvery);
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
  EXPECT_EQ(h.state({1, 0}), ProcessState::starting);
  EXPECT_EQ(h.seat({1, 0}).deadline, h.now + 5s);
}

TEST(Supervisor, NoticesItsOwnSleepBeforeTheFirstEventAfterIt) {
  Harness h = with(1);
  h.serve();
  const TimePoint last_beat = h.now;
  h.now += 1h;
  EXPECT_EQ(h.on(event::Beat{{0, 0}, last_beat}), Transcript{"note overslept"});
  EXPECT_EQ(h.tick(), Transcript{});
}

TEST(Supervisor, StillJudgesAfterATickThatIsALittleLate) {
  Harness h = with(1);
  h.serve();
  h.silent.insert({0, 0});
  h.pass(2s);
  h.now += kWatchEvery + kTickGap;
  EXPECT_EQ(h.tick(), (Transcript{"note silent 0.0", "kill 0.0 SIGABRT"}));
}

TEST(Supervisor, ReplacesACrashedWorkerInItsSlotAfterTheBackoff) {
  Harness h = with(2);
  h.serve();
  EXPECT_EQ(h.crash({1, 0}), (Transcript{"release 1.0", "note restart_delayed 1.0"}));
  EXPECT_EQ(h.seat({1, 0}).pid, std::nullopt);
  EXPECT_EQ(h.pass(99ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), Transcript{"spawn 1.0 generation 1"});
  EXPECT_EQ(h.last<action::Spawn>().restarts, 1u);
}

TEST(Supervisor, CountsAsARestartOnlyWhatWasThere) {
  Harness h = with(1);
  h.serve();
  h.crash({0, 0});
  h.forks = Forks::fail;
  h.pass(100ms);
  EXPECT_EQ(h.last<action::Spawn>().restarts, 1u) << "what the process is to know of itself";
  EXPECT_EQ(h.supervisor.slots()[0].restarts, 0u);
  h.forks = Forks::succeed;
  h.pass(200ms);
  EXPECT_EQ(h.supervisor.slots()[0].restarts, 1u);
}

TEST(Supervisor, RestartsAWorkerThatLeftUnaskedWithCodeZero) {
  Harness h = with(1);
  h.serve();
  h.exit({0, 0}, 0);
  EXPECT_EQ(h.state({0, 0}), ProcessState::backoff);
  EXPECT_EQ(h.supervisor.slots()[0].last_failure->kind, FailureKind::crashed);
}

TEST(Supervisor, DoublesTheBackoffUpToTenSeconds) {
  Harness h = with(1);
  h.serve();
  for (int crash = 0; crash < 9; ++crash) {
    h.crash({0, 0});
    h.pass(*h.seat({0, 0}).deadline - h.now);
    h.ready({0, 0});
  }
  EXPECT_EQ(restart_delays(h),
            (std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10s, 10s}));
}

TEST(Supervisor, ForgetsEarlierCrashesAfterAHealthySpell) {
  for (const Duration spell : {Duration{kHealthySpell}, Duration{kHealthySpell - 1ms}}) {
    Harness h = with(1);
    h.serve();
    h.crash({0, 0});
    h.pass(kBackoffFirst);
    h.ready({0, 0});
    h.pass(spell);
    h.crash({0, 0});
    const Duration expected = spell == kHealthySpell ? 100ms : 200ms;
    EXPECT_EQ(restart_delays(h).back(), expected);
  }
}

TEST(Supervisor, GivesASlotUpAfterFiveBootFailuresAndTriesItOnceAMinute) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  fail_boots(h, {1, 0}, kBootAttempts);
  EXPECT_EQ(h.state({1, 0}), ProcessState::failed);
  EXPECT_EQ(h.notices(NoticeKind::slot_failed).at(0).count, kBootAttempts);
  EXPECT_EQ(h.pass(59'999ms), Transcript{});
  EXPECT_EQ(h.pass(1ms), Transcript{"spawn 1.0 generation 1"});
  EXPECT_EQ(h.exit({1, 0}, 3), (Transcript{"release 1.0", "note slot_failed 1.0"}));
}

TEST(Supervisor, DoesNotRetryAFailedSlotWhileNobodyServes) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  fail_boots(h, {1, 0}, kBootAttempts);
  h.pass(59s);
  h.crash({0, 0});
  h.pass(kBackoffFirst);
  EXPECT_EQ(h.state({0, 0}), ProcessState::starting);
  EXPECT_EQ(h.pass(2s), Transcript{});
  EXPECT_EQ(h.state({1, 0}), ProcessState::failed);
}

TEST(Supervisor, CountsAFailedForkAsABootFailure) {
  Harness h = with(2);
  h.serve();
  h.crash({1, 0});
  h.forks = Forks::fail;
  EXPECT_EQ(h.pass(100ms),
            (Transcript{"spawn 1.0 generation 1", "release 1.0", "note restart_delayed 1.0"}));
  const Failure& failure = *h.supervisor.slots()[1].boot_failure;
  EXPECT_EQ(failure.kind, FailureKind::fork_failed);
  EXPECT_EQ(failure.error_number, 11);
  EXPECT_EQ(h.last<action::Release>().last.pid, std::nullopt);
}

TEST(Supervisor, TakesTheEndOfAReadyWorkerForACrashWhateverItsCode) {
  Harness h = with(2);
  h.serve();
  for (const int code : {kApplicationFailed, kCouldNotBoot, 0, 7, kCouldNotBoot, kCouldNotBoot}) {
    h.exit({1, 0}, code);
    ASSERT_EQ(h.state({1, 0}), ProcessState::backoff);
    EXPECT_EQ(h.supervisor.slots()[1].last_failure->kind, FailureKind::crashed);
    h.pass(*h.seat({1, 0}).deadline - h.now);
    h.ready({1, 0});
  }
}

TEST(Supervisor, ACrashBetweenBootFailuresStartsTheirCountAnew) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  fail_boots(h, {1, 0}, kBootAttempts - 1);
  h.pass(*h.seat({1, 0}).deadline - h.now);
  h.ready({1, 0});
  h.crash({1, 0});
  h.pass(kBackoffMax);
  h.exit({1, 0}, 3);
  EXPECT_EQ(h.state({1, 0}), ProcessState::backoff);
}

TEST(Supervisor, AHealthySpellStartsTheCountOfBootFailuresAnew) {
  Harness h = with(2);
  h.start();
  h.ready({0, 0});
  fail_boots(h, {1, 0}, kBootAttempts - 1);
  h.pass(*h.seat({1, 0}).deadline - h.now);
  h.ready({1, 0});
  h.pass(kHealthySpell);
  h.exit({1, 0}, kApplicationFailed);
  EXPECT_EQ(h.state({1, 0}), ProcessState::backoff);
  EXPECT_EQ(restart_delays(h).back(), Duration{kBackoffFirst});
}

TEST(Supervisor, FinishesWithTheFirstReasonWhenEveryFirstTryFailed) {
  Harness h = with(2, true);
  h.start();
  h.ready({3, 0});
  EXPECT_EQ(h.exit({1, 0}, 3), (Transcript{"release 1.0", "note boot_failed 1.0"}));
  h.pass(1s);
  EXPECT_EQ(h.state({1, 0}), ProcessState::backoff);
  EXPECT_EQ(h.exit({0, 0}, 4),
            (Transcript{"release 0.0", "note boot_failed 0.0", "drain 3.0 stop"}));
  EXPECT_EQ(h.exit({3, 0}, 0), (Transcript{"release 3.0", "finish no_worker_booted"}));
  const Failure reason = *h.all<action::Finish>().at(0).reason;
  EXPECT_EQ(reason.at, (Place{1, 0}));
  EXPECT_EQ(reason.exit.code, 3);
}

TEST(Supervisor, FinishesAsApplicationFailureWhenThatCameFirst) {
  Harness h = with(2);
  h.start();
  h.exit({0, 0}, kApplicationFailed);
  EXPECT_EQ(h.exit({1, 0}, kCouldNotBoot).back(), "finish application_failed");
}

TEST(Supervisor, FinishesWhenNoForkSucceeds) {
  Harness h = with(2);
  h.forks = Forks::fail;
  EXPECT_EQ(h.start().back(), "finish no_worker_booted");
  EXPECT_EQ(h.all<action::Finish>().at(0).reason->kind, FailureKind::fork_failed);
}

TEST(Supervisor, TriesTheHeldSlotsAgainOnceAWorkerHasShownThatBootingWorks) {
  Harness h = with(3);
  h.start();
  h.exit({0, 0}, 3);
  h.crash({1, 0});
  h.ready({2, 0});
  EXPECT_EQ(h.pass(100ms), (Transcript{"spawn 0.0 generation 1", "spawn 1.0 generation 1"}));
}

TEST(Supervisor, FinishesLaterWhenEverySlotHasFailed) {
  Harness h = with(2);
  h.serve();
  h.crash({0, 0});
  h.crash({1, 0});
  h.pass(100ms);
  fail_boots(h, {0, 0}, kBootAttempts);
  EXPECT_EQ(h.state({0, 0}), ProcessState::failed);
  fail_boots(h, {1, 0}, kBootAttempts);
  EXPECT_EQ(h.all<action::Finish>().at(0).code, ExitCode::no_worker_booted);
}

TEST(Supervisor, RestartsTheObserverForEverAndNeverEndsBecauseOfIt) {
  Harness h = with(1, true);
  h.serve();
  h.crash({2, 0});
  for (int i = 0; i < 50; ++i) {
    h.pass(*h.seat({2, 0}).deadline - h.now);
    ASSERT_EQ(h.state({2, 0}), ProcessState::starting);
    h.exit({2, 0}, kCouldNotBoot);
    ASSERT_EQ(h.state({2, 0}), ProcessState::backoff);
  }
  EXPECT_EQ(h.notices(NoticeKind::restart_delayed).size(), 51u);
  EXPECT_EQ(h.state({0, 0}), ProcessState::ready);
}

TEST(Supervisor, AnExitNobodyKnowsYieldsNothing) {
  Harness h = with(1);
  h.serve();
  EXPECT_EQ(h.on(event::Exited{4711, {}}), Transcript{});
  const Pid gone = h.pid({0, 0});
  h.crash({0, 0});
  EXPECT_EQ(h.supervisor.find(gone), std::nullopt);
  EXPECT_EQ(h.on(event::Exited{gone, {}}), Transcript{});
}

TEST(Supervisor, FindsTheSeatOfAPid) {
  Harness h = with(2, true);
  h.serve();
  EXPECT_EQ(h.supervisor.find(h.pid({1, 0})), (Place{1, 0}));
  EXPECT_EQ(h.supervisor.find(h.pid({3, 0})), (Place{3, 0}));
}

}  // namespace
}  // namespace prefork::supervision
