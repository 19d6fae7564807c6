#include "ipc/counters.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::SharedValue;

template <typename Specs>
void expect_one_row_for_each(const Specs& specs) {
  std::set<std::string> places;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto& spec = specs[i];
    EXPECT_EQ(static_cast<std::size_t>(spec.number), i) << "in the order of the enumerators";
    EXPECT_FALSE(spec.name.empty());
    EXPECT_FALSE(spec.help.empty()) << spec.name;
    const std::string place = std::string(spec.group) + "." + std::string(spec.name);
    EXPECT_TRUE(places.insert(place).second) << place << " is there twice";
  }
}

TEST(Counters, EachHasOneRowInTheTableWithItsPlaceAndHelp) {
  expect_one_row_for_each(kCounterSpecs);
  expect_one_row_for_each(kGaugeSpecs);
}

TEST(Counters, CountEachForItself) {
  Counters counters;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    counters.add(static_cast<Counter>(i), i + 1);
    counters.add(static_cast<Counter>(i));
  }
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    EXPECT_EQ(counters.get(static_cast<Counter>(i)), i + 2) << kCounterSpecs[i].name;
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
