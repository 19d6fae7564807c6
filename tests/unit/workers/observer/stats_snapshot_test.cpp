#include "workers/observer/stats_snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ipc/base/monotonic.h"

namespace prefork::observer {
namespace {

class StatsSnapshotTest : public testing::Test {
 protected:
  StatsSnapshotTest() { segment_.header().slots_in_use.store(2); }

  ipc::WorkerRecord& start(ipc::Place place) {
    ipc::WorkerRecord& record = segment_.record(place);
    record.state.store(ipc::ProcessState::ready);
    record.accepting.store(1);
    return record;
  }

  ipc::Segment segment_{2};
};

TEST_F(StatsSnapshotTest, ShowsEachSlotInUseAndWhatItsWorkerCounted) {
  ipc::WorkerRecord& record = start({0, 0});
  record.counters.add(ipc::Counter::requests, 7);
  record.gauges.set(ipc::Gauge::connections_active, 3);
  record.latency.record(100);
  const StatsSnapshot snapshot = take_snapshot(segment_);
  ASSERT_EQ(snapshot.workers.size(), 2U);
  EXPECT_EQ(snapshot.workers[0].state, ipc::ProcessState::ready);
  EXPECT_EQ(snapshot.workers[0].numbers.of(ipc::Counter::requests), 7U);
  EXPECT_EQ(snapshot.workers[0].numbers.latency.count(), 1U);
  EXPECT_EQ(snapshot.workers[1].slot, 1U);
  EXPECT_EQ(snapshot.workers[1].state, ipc::ProcessState::vacant);
}

TEST_F(StatsSnapshotTest, ASlotWhoseProcessIsReplacedIsThereTwice) {
  start({0, 0}).counters.add(ipc::Counter::requests, 1);
  start({0, 1}).counters.add(ipc::Counter::requests, 2);
  const StatsSnapshot snapshot = take_snapshot(segment_);
  ASSERT_EQ(snapshot.workers.size(), 3U);
  EXPECT_EQ(snapshot.workers[0].slot, 0U);
  EXPECT_EQ(snapshot.workers[1].slot, 0U);
  EXPECT_EQ(snapshot.totals.of(ipc::Counter::requests), 3U);
}

TEST_F(StatsSnapshotTest, TheTotalsHoldWhatEndedWorkersCounted) {
  start({0, 0}).counters.add(ipc::Counter::requests, 5);
  segment_.fold({0, 0}, 1'500);
  segment_.record({0, 0}).state.store(ipc::ProcessState::vacant);
  start({0, 0}).counters.add(ipc::Counter::requests, 2);
  const StatsSnapshot snapshot = take_snapshot(segment_);
  EXPECT_EQ(snapshot.totals.of(ipc::Counter::requests), 7U);
  EXPECT_EQ(snapshot.retired[static_cast<std::size_t>(ipc::Counter::requests)], 5U);
  EXPECT_EQ(snapshot.cpu_us, 1'500U);
}

TEST_F(StatsSnapshotTest, AddsUpTheClassesOfThePoolByTheirNames) {
  using Number = ipc::PoolRecord::Number;
  ipc::WorkerRecord& first = start({0, 0});
  first.pools[0].set_name("default");
  first.pools[0].set(Number::threads, 8);
  ipc::WorkerRecord& second = start({1, 0});
  second.pools[0].set_name("reports");
  second.pools[0].set(Number::shed, 3);
  second.pools[1].set_name("default");
  second.pools[1].set(Number::threads, 4);
  const StatsSnapshot snapshot = take_snapshot(segment_);
  const auto& pools = snapshot.totals.pools;
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[0].name, "default");
  EXPECT_EQ(pools[0].numbers[static_cast<std::size_t>(Number::threads)], 12U);
  EXPECT_EQ(pools[1].name, "reports");
  EXPECT_EQ(pools[1].numbers[static_cast<std::size_t>(Number::shed)], 3U);
}

TEST_F(StatsSnapshotTest, TheTotalsAreTheSumOfWhatIsShownWhateverWorkersCountMeanwhile) {
  ipc::WorkerRecord& record = start({0, 0});
  std::atomic<bool> stopping{false};
  std::thread worker([&] {
    while (!stopping) {
      record.counters.add(ipc::Counter::requests);
      record.latency.record(10);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const StatsSnapshot snapshot = take_snapshot(segment_);
    const Numbers& shown = snapshot.workers[0].numbers;
    EXPECT_EQ(snapshot.totals.of(ipc::Counter::requests), shown.of(ipc::Counter::requests));
    EXPECT_EQ(snapshot.totals.latency.count(), shown.latency.count());
  }
  stopping = true;
  worker.join();
}

TEST_F(StatsSnapshotTest, WhatAnEndedProcessHasUsedIsNeverMissing) {
  ipc::WorkerRecord& record = start({0, 0});
  constexpr std::int32_t kNobodysPid = 0x7fffffff;
  record.pid.store(kNobodysPid);
  EXPECT_EQ(take_snapshot(segment_).cpu_us, 0U);
  record.times.final_cpu_us.store(1'500);
  EXPECT_EQ(take_snapshot(segment_).cpu_us, 1'500U) << "not folded yet";
  segment_.fold({0, 0}, 1'500);
  EXPECT_EQ(take_snapshot(segment_).cpu_us, 1'500U);
}

TEST_F(StatsSnapshotTest, IsMixedWhileWorkersOfTwoGenerationsServe) {
  start({0, 0}).generation.store(1);
  start({1, 0}).generation.store(1);
  EXPECT_FALSE(take_snapshot(segment_).is_mixed());
  ipc::WorkerRecord& successor = start({0, 1});
  successor.generation.store(2);
  EXPECT_TRUE(take_snapshot(segment_).is_mixed());
  successor.state.store(ipc::ProcessState::starting);
  EXPECT_FALSE(take_snapshot(segment_).is_mixed()) << "it does not serve yet";
}

TEST_F(StatsSnapshotTest, NamesTheRequestsInFlightOfEachWorker) {
  ipc::WorkerRecord& record = start({0, 0});
  record.loop_request.set(10, 1, {}, "GET", "/loop");
  record.unfinished_requests.box(0).set(40, 4, {}, "GET", "/later", ipc::RequestPhase::deferred);
  record.unfinished_requests.set_more(2);
  const ipc::RequestsInFlight found = take_snapshot(segment_).workers[0].in_flight;
  ASSERT_EQ(found.named.size(), 2U);
  EXPECT_EQ(found.named[0].request.path, "/loop");
  EXPECT_EQ(found.named[1].request.phase, ipc::RequestPhase::deferred);
  EXPECT_EQ(found.more, 2U);
}

TEST_F(StatsSnapshotTest, TheServerServesWhileOneWorkerIsReadyAndItIsNotStopping) {
  segment_.header().state.store(ipc::ServerState::running);
  EXPECT_FALSE(is_serving(segment_));
  start({1, 0});
  EXPECT_TRUE(is_serving(segment_));
  segment_.record({1, 0}).accepting.store(0);
  EXPECT_FALSE(is_serving(segment_));
  start({1, 0});
  segment_.header().state.store(ipc::ServerState::starting);
  EXPECT_FALSE(is_serving(segment_)) << "the others are still to come";
  segment_.header().state.store(ipc::ServerState::stopping);
  EXPECT_FALSE(is_serving(segment_));
}

TEST_F(StatsSnapshotTest, AMasterThatIsSilentForLongIsNotAlive) {
  segment_.header().master_beat_ns.store(ipc::monotonic_ns());
  EXPECT_TRUE(is_master_alive(segment_));
  segment_.header().master_beat_ns.store(ipc::monotonic_ns() - 6'000'000'000);
  EXPECT_FALSE(is_master_alive(segment_));
}

}  // namespace
}  // namespace prefork::observer
