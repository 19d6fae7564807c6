#include "ipc/counters.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::SharedValue;

constexpr std::string_view name_of(Counter counter) {
  return kCounterNames[static_cast<std::size_t>(counter)];
}

TEST(Counters, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const std::string_view name : kCounterNames) {
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
  }
}

TEST(Counters, NamesStandInTheOrderOfTheCounters) {
  EXPECT_EQ(name_of(Counter::requests), "requests");
  EXPECT_EQ(name_of(Counter::responses_1xx), "responses_1xx");
  EXPECT_EQ(name_of(Counter::responses_5xx), "responses_5xx");
  EXPECT_EQ(name_of(Counter::connections_handed_on), "connections_handed_on");
  EXPECT_EQ(name_of(Counter::connections_received), "connections_received");
  EXPECT_EQ(name_of(Counter::connections_closed), "connections_closed");
  EXPECT_EQ(name_of(Counter::bytes_in), "bytes_in");
  EXPECT_EQ(name_of(Counter::bytes_out), "bytes_out");
  EXPECT_EQ(name_of(Counter::bad_requests), "bad_requests");
  EXPECT_EQ(name_of(Counter::timeouts_header), "timeouts_header");
  EXPECT_EQ(name_of(Counter::timeouts_keep_alive), "timeouts_keep_alive");
  EXPECT_EQ(name_of(Counter::overload_rejected), "overload_rejected");
  EXPECT_EQ(name_of(Counter::peer_resets), "peer_resets");
}

TEST(Counters, CountEachForItself) {
  Counters counters;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    counters.add(static_cast<Counter>(i), i + 1);
    counters.add(static_cast<Counter>(i));
  }
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    EXPECT_EQ(counters.get(static_cast<Counter>(i)), i + 2) << kCounterNames[i];
  }
}

TEST(Counters, AddAllAddsAndLeavesTheOtherAlone) {
  Counters total;
  Counters ended;
  total.add(Counter::bytes_in, 100);
  ended.add(Counter::bytes_in, 11);
  ended.add(Counter::peer_resets, 3);
  total.add_all(ended);
  EXPECT_EQ(total.get(Counter::bytes_in), 111U);
  EXPECT_EQ(total.get(Counter::peer_resets), 3U);
  EXPECT_EQ(ended.get(Counter::bytes_in), 11U);
  ended.clear();
  EXPECT_EQ(ended.get(Counter::bytes_in), 0U);
  EXPECT_EQ(ended.get(Counter::peer_resets), 0U);
}

TEST(Gauges, GoUpAndDown) {
  Gauges gauges;
  gauges.add(Gauge::connections_active, 5);
  gauges.subtract(Gauge::connections_active, 2);
  gauges.set(Gauge::pool_threads, 8);
  EXPECT_EQ(gauges.get(Gauge::connections_active), 3U);
  EXPECT_EQ(gauges.get(Gauge::pool_threads), 8U);
  EXPECT_EQ(gauges.get(Gauge::connections_idle), 0U);
  gauges.subtract(Gauge::connections_active, 3);
  EXPECT_EQ(gauges.get(Gauge::connections_active), 0U);
}

TEST(Counters, AReaderBesideTheWriterSeesThemOnlyGrow) {
  constexpr std::uint64_t kRequests = 200'000;
  Counters counters;
  std::thread worker([&counters] {
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      counters.add(Counter::requests);
      counters.add(Counter::responses_2xx);
    }
  });
  std::uint64_t last = 0;
  int gone_back = 0;
  int answered_before_asked = 0;
  while (last < kRequests) {
    const std::uint64_t responses = counters.get(Counter::responses_2xx);
    const std::uint64_t requests = counters.get(Counter::requests);
    gone_back += responses < last ? 1 : 0;
    answered_before_asked += requests < responses ? 1 : 0;
    last = responses;
  }
  worker.join();
  EXPECT_EQ(gone_back, 0);
  EXPECT_EQ(answered_before_asked, 0);
  EXPECT_EQ(counters.get(Counter::requests), kRequests);
}

TEST(Counters, OneWriterEachLosesNothing) {
  constexpr std::uint64_t kWorkers = 4;
  constexpr std::uint64_t kRequests = 100'000;
  SharedValue<std::array<Counters, kWorkers>> records;
  std::vector<ForkedChild> workers;
  for (std::size_t slot = 0; slot < kWorkers; ++slot) {
    workers.emplace_back([&records, slot] {
      for (std::uint64_t i = 0; i < kRequests; ++i) {
        (*records)[slot].add(Counter::requests);
        (*records)[slot].add(Counter::bytes_out, slot);
      }
    });
  }
  for (ForkedChild& worker : workers) {
    EXPECT_EQ(worker.wait(), 0);
  }
  for (std::size_t slot = 0; slot < kWorkers; ++slot) {
    EXPECT_EQ((*records)[slot].get(Counter::requests), kRequests);
    EXPECT_EQ((*records)[slot].get(Counter::bytes_out), kRequests * slot);
  }
}

}  // namespace
}  // namespace prefork::ipc
