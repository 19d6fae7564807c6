#include "ipc/request_counts.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace prefork::ipc {
namespace {

std::map<std::uint32_t, std::uint64_t> all_of(const RequestCounts& counts) {
  std::map<std::uint32_t, std::uint64_t> all;
  counts.for_each(
      [&all](const RequestKind& kind, std::uint64_t count) { all[kind.key()] += count; });
  return all;
}

RequestKind kind_number(std::size_t number) {
  return {static_cast<RouteLabel>(number % kMaxRouteLabels),
          static_cast<std::uint8_t>(number / kMaxRouteLabels),
          static_cast<std::uint16_t>(number % 2 == 0 ? 200 : 503)};
}

TEST(RequestCounts, AKeyIsItsKind) {
  for (const RequestKind kind :
       {RequestKind{0, 0, 100}, RequestKind{kMaxRouteLabels - 1, 9, 999}, RequestKind{3, 2, 404}}) {
    EXPECT_EQ(RequestKind::of_key(kind.key()), kind);
  }
  EXPECT_EQ(RequestKind::of_key(0), std::nullopt);
  EXPECT_EQ(RequestKind::of_key(0xFFFFFFFF), std::nullopt);
  EXPECT_EQ(RequestKind::of_key(RequestKind{kMaxRouteLabels, 0, 200}.key()), std::nullopt);
}

TEST(RequestCounts, KindsWithoutACellAreCountedByTheClassOfTheirStatus) {
  const auto counts = std::make_unique<RequestCounts>();
  for (std::size_t i = 0; i < RequestCounts::kMaxKinds + 7; ++i) {
    counts->take(kind_number(i)).add(1);
  }
  const auto all = all_of(*counts);
  EXPECT_EQ(all.size(), RequestCounts::kMaxKinds + 2);
  EXPECT_EQ(all.at(RequestKind{kOtherRoute, 9, 200}.key()), 4U);
  EXPECT_EQ(all.at(RequestKind{kOtherRoute, 9, 500}.key()), 3U);
}

TEST(RequestCounts, MergingLosesNothing) {
  const auto first = std::make_unique<RequestCounts>();
  const auto second = std::make_unique<RequestCounts>();
  for (std::size_t i = 0; i < 300; ++i) {
    first->take(kind_number(i)).add(i + 1);
  }
  for (std::size_t i = 200; i < 1000; ++i) {
    second->take(kind_number(i)).add(1);
  }
  first->merge_from(*second);
  const auto all = all_of(*first);
  EXPECT_EQ(all.size(), 1000U);
  EXPECT_EQ(all.at(kind_number(0).key()), 1U);
  EXPECT_EQ(all.at(kind_number(250).key()), 252U);
  EXPECT_EQ(all.at(kind_number(999).key()), 1U);
  first->clear();
  EXPECT_TRUE(all_of(*first).empty());
}

TEST(RequestCounts, GarbageIsReadAsWhatItMayBeOrNotAtAll) {
  std::mt19937_64 random(5);
  const auto counts = std::make_unique<RequestCounts>();
  const auto sum = std::make_unique<RequestCounts>();
  std::vector<std::uint64_t> words(sizeof(RequestCounts) / 8);
  for (auto& word : words) {
    word = random();
  }
  std::memcpy(static_cast<void*>(counts.get()), words.data(), sizeof(RequestCounts));
  for (const auto& [key, count] : all_of(*counts)) {
    EXPECT_TRUE(RequestKind::of_key(key));
  }
  sum->merge_from(*counts);
  EXPECT_LE(all_of(*sum).size(), RequestCounts::kMaxKinds + RequestCounts::kClasses);
}

}  // namespace
}  // namespace prefork::ipc
