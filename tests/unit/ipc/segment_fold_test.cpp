#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "ipc/segment.h"
#include "tests/unit/ipc/processes.h"
#include "tests/unit/ipc/segment_totals.h"

namespace prefork::ipc {
namespace {

using testing_ipc::address_of;
using testing_ipc::ForkedChild;
using testing_ipc::total;

TEST(SegmentFold, MovesARecordIntoRetiredAndLeavesTheSeatVacant) {
  Segment segment(2);
  WorkerRecord& record = segment.record({1, 1});
  record.pid.store(77);
  record.epoch.store(5);
  record.generation.store(2);
  record.state.store(ProcessState::ready);
  record.times.forked_realtime_ns.store(1);
  record.times.forked_monotonic_ns.store(1);
  record.times.ready_monotonic_ns.store(1);
  record.pulse.beat_ns.store(1);
  record.accepting.store(1);
  record.load.store(std::uint64_t{5} << 32 | 3);
  record.counters.add(Counter::bytes_out, 1000);
  record.gauges.set(Gauge::connections_active, 3);
  record.latency.record(10);
  record.queue_wait.record(20);
  record.run_time.record(30);
  const RouteLabel route = segment.header().labels.routes.label_of("/items");
  const std::size_t place = segment.header().labels.kinds.place_of({route, 0, 200});
  record.routes.requests.add(place, 6);
  record.routes.durations.at(route).record(30, 6);
  record.loop_request.set(1, 1, {}, "GET", "/loop");
  record.pool_requests.back().set(1, 2, {}, "GET", "/pool");
  record.unfinished_requests.box(0).set(1, 3, {}, "GET", "/later", RequestPhase::deferred);
  segment.notes(1).restarts.store(4);

  segment.fold({1, 1}, 250);

  EXPECT_EQ(segment.retired().counters.get(Counter::bytes_out), 1000U);
  EXPECT_EQ(segment.retired().counters.get(Counter::connections_closed), 3U)
      << "those it still had";
  EXPECT_EQ(segment.retired().latency.bucket(10), 1U);
  EXPECT_EQ(segment.retired().queue_wait.bucket(20), 1U);
  EXPECT_EQ(segment.retired().run_time.bucket(30), 1U);
  EXPECT_EQ(segment.retired().routes.durations.at(route).bucket(0), 6U);
  EXPECT_EQ(segment.retired().routes.requests.get(place), 6U);
  EXPECT_EQ(record.routes.durations.at(route).sum(), 0U) << "its successor counts from nothing";
  EXPECT_EQ(record.routes.requests.get(place), 0U);
  EXPECT_EQ(segment.retired().gauges.get(Gauge::connections_active), 0U)
      << "a present state ends with its worker";
  EXPECT_EQ(segment.header().retired_cpu_us.load(), 250U);
  EXPECT_EQ(segment.notes(1).restarts.load(), 4U) << "notes outlive the process";

  EXPECT_EQ(record.pid.load(), 0);
  EXPECT_EQ(record.epoch.load(), 0U);
  EXPECT_EQ(record.generation.load(), 0U);
  EXPECT_EQ(record.state.load(), ProcessState::vacant);
  EXPECT_EQ(record.times.forked_realtime_ns.load(), 0U);
  EXPECT_EQ(record.times.forked_monotonic_ns.load(), 0U);
  EXPECT_EQ(record.times.ready_monotonic_ns.load(), 0U);
  EXPECT_EQ(record.pulse.beat_ns.load(), 0U);
  EXPECT_EQ(record.accepting.load(), 0U);
  EXPECT_EQ(record.load.load(), 0U);
  EXPECT_EQ(record.gauges.get(Gauge::connections_active), 0U);
  EXPECT_EQ(record.latency.sum_us() + record.queue_wait.sum_us() + record.run_time.sum_us(), 0U);
  EXPECT_FALSE(record.loop_request.get().has_value());
  EXPECT_FALSE(record.pool_requests.back().get().has_value());
  EXPECT_TRUE(record.unfinished_requests.boxes().empty());
}

class SegmentFoldSeeded : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SegmentFoldSeeded, KeepsTheTotals) {
  constexpr std::uint32_t kSlots = 4;
  std::mt19937_64 random(GetParam());
  Segment segment(kSlots);
  std::vector<std::uint64_t> expected(kCounterCount);
  std::uint64_t recordings = 0;
  std::uint64_t recorded_us = 0;
  std::uint64_t cpu_us = 0;
  for (int step = 0; step < 3000; ++step) {
    const Place id{static_cast<std::uint32_t>(random() % kSlots),
                   static_cast<std::uint32_t>(random() % kSeatsPerSlot)};
    if (random() % 8 == 0) {
      const std::uint64_t used_us = random() % 1000;
      segment.fold(id, used_us);
      cpu_us += used_us;
    } else {
      const std::size_t index = random() % kCounterCount;
      const std::uint64_t amount = random() % 10'000;
      segment.record(id).counters.add(static_cast<Counter>(index), amount);
      expected[index] += amount;
      segment.record(id).latency.record(amount);
      recordings += 1;
      recorded_us += amount;
    }
    if (step % 50 == 0 || step == 2999) {
      for (std::size_t i = 0; i < kCounterCount; ++i) {
        ASSERT_EQ(total(segment, static_cast<Counter>(i)), expected[i]) << kCounterSpecs[i].name;
      }
      ASSERT_EQ(total(segment, &WorkerRecord::latency).count(), recordings);
      ASSERT_EQ(total(segment, &WorkerRecord::latency).sum_us(), recorded_us);
      ASSERT_EQ(segment.header().retired_cpu_us.load(), cpu_us);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SegmentFoldSeeded, ::testing::Range<std::uint64_t>(1, 6));

TEST(SegmentFold, TakesARecordFullOfAnything) {
  std::mt19937_64 random(3);
  Segment segment(2);
  for (int round = 0; round < 20; ++round) {
    WorkerRecord& record = segment.record({0, 0});
    std::vector<std::uint64_t> words(sizeof(WorkerRecord) / 8);
    for (std::uint64_t& word : words) {
      word = random();
    }
    std::memcpy(static_cast<void*>(&record), words.data(), sizeof(WorkerRecord));
    segment.fold({0, 0}, 0);
    EXPECT_EQ(record.epoch.load(), 0U);
    EXPECT_EQ(record.state.load(), ProcessState::vacant);
    EXPECT_FALSE(record.loop_request.get().has_value());
    EXPECT_EQ(segment.record({1, 0}).counters.get(Counter::requests), 0U);
    EXPECT_EQ(segment.header().magic.load(), SegmentHeader::kMagic);
  }
}

TEST(SegmentRead, NeverSeesTotalsGoBackWhileRecordsAreFolded) {
  constexpr int kDifferentTotals = 500;
  constexpr std::uint64_t kRequestsPerFold = 100;
  Segment segment(2);
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> counted{0};
  std::thread master([&] {
    for (std::uint64_t i = 1; !enough.load(std::memory_order_relaxed); ++i) {
      const auto turn = static_cast<std::uint32_t>(i / kRequestsPerFold);
      const Place id{turn / 2 % 2, turn % 2};
      begun.store(i, std::memory_order_release);
      segment.record(id).counters.add(Counter::requests);
      counted.store(i, std::memory_order_release);
      if (i % kRequestsPerFold == 0) {
        segment.fold(id, 0);
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t last = 0;
  int lost = 0;
  int counted_twice = 0;
  int gone_back = 0;
  for (int different = 0; different < kDifferentTotals;) {
    const std::uint64_t at_least = counted.load(std::memory_order_acquire);
    std::uint64_t seen = 0;
    if (!segment.read_consistently([&] { seen = total(segment, Counter::requests); })) {
      continue;  // the folding thread was held up within a fold, and the reader was told so
    }
    lost += seen < at_least ? 1 : 0;
    counted_twice += seen > begun.load(std::memory_order_acquire) ? 1 : 0;
    gone_back += seen < last ? 1 : 0;
    if (seen != last) {
      ++different;
    } else {
      std::this_thread::yield();
    }
    last = seen;
  }
  enough.store(true, std::memory_order_relaxed);
  master.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(counted_twice, 0);
  EXPECT_EQ(gone_back, 0);
  EXPECT_EQ(total(segment, Counter::requests), counted.load());
}

TEST(SegmentRead, ReadsOnceWhereNobodyFolds) {
  const Segment segment(1);
  int reads = 0;
  EXPECT_TRUE(segment.read_consistently([&reads] { ++reads; }));
  EXPECT_EQ(reads, 1);
}

TEST(SegmentRead, ReadsAgainWhenAFoldFellIntoIt) {
  Segment segment(1);
  int reads = 0;
  EXPECT_TRUE(segment.read_consistently([&] {
    ++reads;
    if (reads < 3) {
      segment.fold({0, 0}, 0);
    }
  }));
  EXPECT_EQ(reads, 3);
}

TEST(SegmentRead, TakesWhatThereIsWhenAFoldNeverEnds) {
  const Segment segment(1);
  segment.retired().counters.add(Counter::requests, 5);
  segment.header().fold_sequence.store(1);
  std::uint64_t seen = 0;
  EXPECT_FALSE(segment.read_consistently([&] { seen = total(segment, Counter::requests); }));
  EXPECT_EQ(seen, 5U);
}

TEST(SegmentRead, KnowsOfAFoldThatWasCutShort) {
  Segment segment(1);
  segment.record({0, 0}).counters.add(Counter::requests, 5);
  ForkedChild master([&] {
    // A page that this process cannot write ends the fold at the latest when the record is cleared.
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    auto* record = reinterpret_cast<std::byte*>(&segment.record({0, 0}));
    std::byte* within = record + (page - address_of(record) % page);
    EXPECT_EQ(::mprotect(within, page, PROT_READ), 0);
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer may have taken it
    segment.fold({0, 0}, 0);
  });
  ASSERT_EQ(master.wait(), 128 + SIGSEGV);
  EXPECT_EQ(segment.retired().counters.get(Counter::requests), 5U);
  EXPECT_FALSE(segment.read_consistently([] {}));
}

}  // namespace
}  // namespace prefork::ipc
