#include "ipc/request_counts.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace prefork::ipc {
namespace {

RequestKind kind_number(std::size_t number) {
  return {static_cast<RouteLabel>(number % kMaxRouteLabels),
          static_cast<std::uint8_t>(number / kMaxRouteLabels),
          static_cast<std::uint16_t>(number % 2 == 0 ? 200 : 503)};
}

class RequestCountsTest : public testing::Test {
 protected:
  void count(RequestCounts& counts, const RequestKind& kind, std::uint64_t amount = 1) {
    counts.add(kinds_->place_of(kind), amount);
  }
  std::map<std::uint32_t, std::uint64_t> all_of(const RequestCounts& counts) const {
    std::map<std::uint32_t, std::uint64_t> all;
    kinds_->for_each([&](const RequestKind& kind, std::size_t place) {
      if (counts.get(place) != 0) {
        all[kind.key()] += counts.get(place);
      }
    });
    return all;
  }

  std::unique_ptr<RequestKinds> kinds_ = std::make_unique<RequestKinds>();
  std::unique_ptr<RequestCounts> first_ = std::make_unique<RequestCounts>();
  std::unique_ptr<RequestCounts> second_ = std::make_unique<RequestCounts>();
};

TEST_F(RequestCountsTest, AKeyIsItsKind) {
  for (const RequestKind kind :
       {RequestKind{0, 0, 100}, RequestKind{kMaxRouteLabels - 1, 9, 999}, RequestKind{3, 2, 404}}) {
    EXPECT_EQ(RequestKind::of_key(kind.key()), kind);
  }
  EXPECT_EQ(RequestKind::of_key(0), std::nullopt);
  EXPECT_EQ(RequestKind::of_key(0xFFFFFFFF), std::nullopt);
  EXPECT_EQ(RequestKind::of_key(RequestKind{kMaxRouteLabels, 0, 200}.key()), std::nullopt);
}

TEST_F(RequestCountsTest, AKindHasOnePlaceWhoeverAsks) {
  std::vector<std::thread> threads;
  std::vector<std::vector<std::size_t>> places(4);
  for (auto& own : places) {
    threads.emplace_back([this, &own] {
      for (std::size_t i = 0; i < 500; ++i) {
        own.push_back(kinds_->place_of(kind_number(i)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto& own : places) {
    EXPECT_EQ(own, places.front());
  }
}

TEST_F(RequestCountsTest, KindsWithoutAPlaceAreCountedByTheClassOfTheirStatus) {
  for (std::size_t i = 0; i < RequestKinds::kMaxKinds + 7; ++i) {
    count(*first_, kind_number(i));
  }
  const auto all = all_of(*first_);
  EXPECT_EQ(all.size(), RequestKinds::kMaxKinds + 2);
  EXPECT_EQ(all.at(RequestKind{kOtherRoute, 9, 200}.key()), 4U);
  EXPECT_EQ(all.at(RequestKind{kOtherRoute, 9, 500}.key()), 3U);
}

// Whatever came up in which worker: none of the sums is ever smaller than one of its parts was.
TEST_F(RequestCountsTest, WhatAnEndedWorkerHasCountedStaysWhereItWasShown) {
  for (std::size_t i = 0; i < RequestKinds::kMaxKinds + 100; ++i) {
    count(i % 2 == 0 ? *first_ : *second_, kind_number(i), i + 1);
  }
  auto expected = all_of(*first_);
  for (const auto& [key, amount] : all_of(*second_)) {
    expected[key] += amount;
  }
  first_->merge_from(*second_, *kinds_);
  EXPECT_EQ(all_of(*first_), expected);
  second_->clear(*kinds_);
  EXPECT_TRUE(all_of(*second_).empty());
}

TEST_F(RequestCountsTest, GarbageIsReadAsWhatItMayBeOrNotAtAll) {
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> words(sizeof(RequestKinds) / 8 + 1);
  for (auto& word : words) {
    word = random();
  }
  std::memcpy(static_cast<void*>(kinds_.get()), words.data(), sizeof(RequestKinds));
  kinds_->for_each([](const RequestKind& kind, std::size_t place) {
    EXPECT_LT(kind.route, kMaxRouteLabels);
    EXPECT_LT(place, RequestKinds::kPlaces);
  });
}

}  // namespace
}  // namespace prefork::ipc
