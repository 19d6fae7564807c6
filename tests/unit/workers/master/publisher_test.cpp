#include "workers/master/publisher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "ipc/base/monotonic.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSlots = 3;
constexpr ipc::Place kShownWorker{1, 0};
constexpr ipc::Place kShownObserver{kSlots, 0};

class PublisherTest : public ::testing::Test {
 protected:
  static supervision::action::Spawn spawn(ipc::Place at, std::uint32_t restarts = 0) {
    return {at, 7, 2, at.slot == kSlots ? supervision::Role::observer : supervision::Role::worker,
            restarts};
  }
  static supervision::action::Release release(ipc::Place at, ipc::ProcessState state,
                                              supervision::Exit exit) {
    supervision::action::Release made;
    made.at = at;
    made.last.state = state;
    made.last.pid = 300;
    made.exit = exit;
    return made;
  }

  ipc::Segment segment_{kSlots};
  ipc::SegmentHeader& header_ = segment_.header();
  Publisher publisher_{segment_};
};

TEST_F(PublisherTest, NotesTheStartOfTheMaster) {
  EXPECT_EQ(header_.master_pid.load(), ::getpid());
  EXPECT_NE(header_.started_realtime_ns.load(), 0U);
  EXPECT_NE(header_.started_monotonic_ns.load(), 0U);
  EXPECT_NE(header_.master_beat_ns.load(), 0U);
}

TEST_F(PublisherTest, ABeatIsOfNow) {
  header_.master_beat_ns.store(1);
  publisher_.beat();
  EXPECT_GT(header_.master_beat_ns.load(), 1U);
}

TEST_F(PublisherTest, FillsTheRecordOfAWorkerBeforeItsForkAndItsPidAfterIt) {
  publisher_.spawning(spawn(kShownWorker, 4), 1'000);
  const ipc::WorkerRecord& record = segment_.record(kShownWorker);
  EXPECT_EQ(record.epoch.load(), 7U);
  EXPECT_EQ(record.generation.load(), 2U);
  EXPECT_EQ(record.times.forked_monotonic_ns.load(), 1'000U);
  EXPECT_EQ(record.pulse.beat_ns.load(), 1'000U) << "it has not been silent yet";
  EXPECT_EQ(segment_.notes(kShownWorker.slot).restarts.load(), 4U);
  EXPECT_EQ(record.pid.load(), 0);
  publisher_.forked(kShownWorker, 300);
  EXPECT_EQ(record.pid.load(), 300);
  publisher_.ready(kShownWorker);
  EXPECT_NE(record.times.ready_monotonic_ns.load(), 0U);
}

TEST_F(PublisherTest, TheObserverHasNoRecordButAPlaceInTheHeader) {
  publisher_.spawning(spawn(kShownObserver, 2), 1'000);
  publisher_.forked(kShownObserver, 300);
  publisher_.ready(kShownObserver);
  EXPECT_EQ(header_.observer_pid.load(), 300);
  EXPECT_EQ(header_.observer_restarts.load(), 2U);
  EXPECT_EQ(publisher_.requests_served(kShownObserver), 0U);
  EXPECT_TRUE(publisher_.requests_in_flight(kShownObserver).named.empty());
}

TEST_F(PublisherTest, TheEndOfAnObserverLeavesItsSuccessorsPidAlone) {
  publisher_.forked(kShownObserver, 300);
  publisher_.forked({kSlots, 1}, 301);
  publisher_.released(release(kShownObserver, ipc::ProcessState::draining, {}));
  EXPECT_EQ(header_.observer_pid.load(), 301);
  auto last = release({kSlots, 1}, ipc::ProcessState::ready, {0, 11, false});
  last.last.pid = 301;
  publisher_.released(last);
  EXPECT_EQ(header_.observer_pid.load(), 0);
}

TEST_F(PublisherTest, NotesHowAWorkerEndedAndKeepsItsNumbers) {
  publisher_.spawning(spawn(kShownWorker), 1'000);
  segment_.record(kShownWorker).counters.add(ipc::Counter::requests, 5);
  EXPECT_EQ(publisher_.requests_served(kShownWorker), 5U);
  publisher_.released(release(kShownWorker, ipc::ProcessState::ready, {0, 11, true, 1'234}));
  const ipc::LastExit exit = segment_.notes(kShownWorker.slot).last_exit.get();
  EXPECT_EQ(exit.kind, ipc::LastExit::Kind::signal);
  EXPECT_EQ(exit.number, 11);
  EXPECT_TRUE(exit.core_dumped);
  EXPECT_FALSE(exit.asked_for);
  EXPECT_EQ(exit.pid, 300);
  EXPECT_EQ(publisher_.requests_served(kShownWorker), 0U);
  EXPECT_EQ(segment_.retired().counters.get(ipc::Counter::requests), 5U);
  EXPECT_EQ(header_.retired_cpu_us.load(), 1'234U);
  EXPECT_EQ(segment_.record(kShownWorker).epoch.load(), 0U);

  publisher_.released(release(kShownWorker, ipc::ProcessState::draining, {3, 0, false, 1}));
  EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().kind, ipc::LastExit::Kind::code);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().number, 3);
  EXPECT_TRUE(segment_.notes(kShownWorker.slot).last_exit.get().asked_for);
}

TEST_F(PublisherTest, ADrainingWorkerIsSilentOnlyWhileItHasConnections) {
  ipc::WorkerRecord& record = segment_.record(kShownWorker);
  const auto long_ago = supervision::TimePoint{std::chrono::nanoseconds{1'000}};
  record.pulse.beat_ns.store(1'000);
  record.state.store(ipc::ProcessState::draining);
  EXPECT_GT(publisher_.beat_of(kShownWorker, 30s), long_ago) << "its event loop may be over";
  record.gauges.set(ipc::Gauge::connections_active, 1);
  EXPECT_EQ(publisher_.beat_of(kShownWorker, 30s), long_ago);
  record.gauges.set(ipc::Gauge::connections_active, 0);
  record.trace.hook.store(ipc::WorkerHook::drain);
  EXPECT_EQ(publisher_.beat_of(kShownWorker, 30s), long_ago) << "that hook runs on the event loop";
  for (const ipc::WorkerHook last : {ipc::WorkerHook::stop, ipc::WorkerHook::exit}) {
    record.trace.hook.store(last);
    EXPECT_EQ(publisher_.beat_of(kShownWorker, 30ms), long_ago + 30ms) << "its end takes no longer";
  }
}

TEST_F(PublisherTest, WhatAWorkerHasInHandIsNotServed) {
  ipc::WorkerRecord& record = segment_.record(kShownWorker);
  record.counters.add(ipc::Counter::requests, 5);
  record.gauges.set(ipc::Gauge::requests_in_progress, 2);
  record.loop_request.set(1, 5, {}, "GET", "/crash");
  EXPECT_EQ(publisher_.requests_served(kShownWorker), 2U);
  record.gauges.set(ipc::Gauge::requests_in_progress, 77);
  EXPECT_EQ(publisher_.requests_served(kShownWorker), 0U) << "whatever a worker says";
}

TEST_F(PublisherTest, WhatNeverWasForkedHasNoLastExit) {
  publisher_.spawning(spawn(kShownWorker), 1'000);
  auto never = release(kShownWorker, ipc::ProcessState::starting, {});
  never.last.pid.reset();
  publisher_.released(never);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().kind, ipc::LastExit::Kind::none);
  EXPECT_EQ(segment_.record(kShownWorker).epoch.load(), 0U);
}

TEST_F(PublisherTest, ShowsWhatTheSupervisorKnows) {
  supervision::Settings settings;
  settings.workers = 2;
  settings.capacity = kSlots;
  settings.observer = false;
  supervision::Supervisor supervisor(settings);
  const supervision::TimePoint now{1000s};
  supervisor.on(supervision::event::Started{}, now);
  publisher_.states(supervisor, true);
  EXPECT_EQ(segment_.record({0, 0}).state.load(), ipc::ProcessState::starting);
  EXPECT_EQ(segment_.record({0, 1}).state.load(), ipc::ProcessState::vacant);
  EXPECT_EQ(header_.slots_in_use.load(), 2U);
  EXPECT_EQ(header_.generation.load(), 1U);
  EXPECT_EQ(header_.state.load(), ipc::ServerState::starting);

  supervisor.on(supervision::event::Forked{{0, 0}, 300}, now);
  supervisor.on(supervision::event::Ready{{0, 0}, supervisor.seat({0, 0}).epoch}, now);
  publisher_.states(supervisor, true);
  EXPECT_EQ(segment_.record({0, 0}).state.load(), ipc::ProcessState::ready);
  EXPECT_EQ(header_.state.load(), ipc::ServerState::running);

  supervisor.on(supervision::event::Reload{2, settings}, now);
  publisher_.states(supervisor, true);
  EXPECT_EQ(header_.state.load(), ipc::ServerState::reloading);

  supervisor.on(supervision::event::Forked{{0, 1}, 301}, now);
  supervisor.on(supervision::event::Ready{{0, 1}, supervisor.seat({0, 1}).epoch}, now);
  supervisor.on(supervision::event::ForkFailed{{1, 1}, 11}, now);
  publisher_.states(supervisor, true);
  EXPECT_EQ(header_.state.load(), ipc::ServerState::rolling_back);
  EXPECT_EQ(header_.generation.load(), 1U);

  supervisor.on(supervision::event::Stop{}, now);
  publisher_.states(supervisor, true);
  EXPECT_EQ(segment_.record({0, 0}).state.load(), ipc::ProcessState::draining);
  EXPECT_EQ(header_.state.load(), ipc::ServerState::stopping);
}

TEST_F(PublisherTest, AStopShowsBeforeTheSupervisorKnowsOfIt) {
  publisher_.stopping();
  EXPECT_EQ(header_.state.load(), ipc::ServerState::stopping);
}

TEST_F(PublisherTest, ARestartThatCouldNotBeMadeIsNotTakenBack) {
  publisher_.spawning(spawn(kShownWorker, 3), 1);
  publisher_.spawning(spawn(kShownWorker, 2), 2);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).restarts.load(), 3U);
  publisher_.spawning(spawn(kShownWorker, 4), 3);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).restarts.load(), 4U);
}

TEST_F(PublisherTest, CountsReloads) {
  supervision::action::Notice done;
  done.kind = supervision::NoticeKind::reload_finished;
  publisher_.noticed(done, "");
  publisher_.noticed(done, "");
  publisher_.noticed({}, "");
  EXPECT_EQ(header_.notes.reloads.done.load(), 2U);
}

TEST_F(PublisherTest, NotesWhyAWorkerWasReplacedAndCountsIt) {
  auto gone = release(kShownWorker, ipc::ProcessState::draining, {});
  gone.last.leaves_because = ipc::DrainReason::replaced;
  publisher_.released(gone);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().recycled, std::nullopt)
      << "by a reload";
  gone.last.successor_due = supervision::Clock::now();
  for (const auto why : {ipc::RecycleReason::share_served, ipc::RecycleReason::memory}) {
    gone.last.wants_successor = why;
    publisher_.released(gone);
    EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().recycled, why);
    EXPECT_EQ(header_.notes.recycles.at(static_cast<std::size_t>(why) - 1).load(), 1U);
  }
  gone.last.leaves_because = ipc::DrainReason::stop;
  publisher_.released(gone);
  EXPECT_EQ(segment_.notes(kShownWorker.slot).last_exit.get().recycled, std::nullopt);
}

TEST_F(PublisherTest, ABeatCannotLieInTheFutureWhateverTheWorkerSays) {
  segment_.record(kShownWorker).pulse.beat_ns.store(5);
  EXPECT_EQ(publisher_.beat_of(kShownWorker, 30s), supervision::TimePoint{5ns});
  segment_.record(kShownWorker).pulse.beat_ns.store(std::numeric_limits<std::uint64_t>::max());
  const supervision::TimePoint beat = publisher_.beat_of(kShownWorker, 30s);
  EXPECT_LE(beat, supervision::Clock::now());
}

TEST_F(PublisherTest, FindsTheRequestsThatAWorkerHasInHand) {
  ipc::WorkerRecord& record = segment_.record(kShownWorker);
  EXPECT_TRUE(publisher_.requests_in_flight(kShownWorker).named.empty());
  record.loop_request.set(1'000, 12, {}, "GET", "/slow");
  record.unfinished_requests.box(0).set(3'000, 14, {}, "GET", "/later",
                                        ipc::RequestPhase::deferred);
  record.unfinished_requests.set_more(7);
  const ipc::RequestsInFlight found = publisher_.requests_in_flight(kShownWorker);
  ASSERT_EQ(found.named.size(), 2U);
  EXPECT_TRUE(found.named[0].is_on_loop);
  EXPECT_EQ(found.named[1].request.path, "/later");
  EXPECT_EQ(found.named[1].request.phase, ipc::RequestPhase::deferred);
  EXPECT_EQ(found.more, 7U);
}

}  // namespace
}  // namespace prefork::master
