#include "ipc/app_histograms.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace prefork::ipc {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

const HistogramShape kSeconds = {"seconds", {0.1, 1, 10}};

std::vector<std::pair<HistogramShape, HistogramValues>> all_of(const AppHistograms& histograms) {
  std::vector<std::pair<HistogramShape, HistogramValues>> all;
  histograms.for_each([&all](const HistogramShape& shape, const HistogramValues& values) {
    all.emplace_back(shape, values);
  });
  return all;
}

TEST(HistogramSteps, GrowAndAreFinite) {
  EXPECT_TRUE(are_histogram_steps(std::vector<double>{0}));
  EXPECT_TRUE(are_histogram_steps(std::vector<double>{-1, 0, 0.5}));
  for (const std::vector<double>& wrong :
       {std::vector<double>{}, {1, 1}, {2, 1}, {kInfinite}, {kNoNumber}, {1, kNoNumber}}) {
    EXPECT_FALSE(are_histogram_steps(wrong)) << wrong.size();
  }
  std::vector<double> steps(kMaxHistogramSteps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i] = static_cast<double>(i);
  }
  EXPECT_TRUE(are_histogram_steps(steps));
  steps.push_back(1000);
  EXPECT_FALSE(are_histogram_steps(steps));
}

TEST(AppHistogram, CountsAValueForTheFirstStepThatIsNotBelowIt) {
  AppHistogram histogram;
  EXPECT_FALSE(histogram.shape());
  histogram.declare(kSeconds);
  EXPECT_EQ(histogram.shape(), kSeconds);
  for (const double value : {-5.0, 0.1, 0.11, 1.0, 10.0, 10.5, kInfinite, kNoNumber}) {
    histogram.observe(value);
  }
  EXPECT_EQ(histogram.values(3).buckets, (std::vector<std::uint64_t>{2, 2, 1, 3}));
  histogram.clear();
  EXPECT_FALSE(histogram.shape());
}

TEST(AppHistogram, IsCountedInByAnyThread) {
  AppHistogram histogram;
  histogram.declare(kSeconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&histogram] {
      for (int j = 0; j < 10'000; ++j) {
        histogram.observe(0.5);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(histogram.values(3).buckets, (std::vector<std::uint64_t>{0, 40'000, 0, 0}));
  EXPECT_EQ(histogram.values(3).sum, 20'000);
}

TEST(AppHistograms, AreMergedByShape) {
  const auto retired = std::make_unique<AppHistograms>();
  const auto first = std::make_unique<AppHistograms>();
  const auto second = std::make_unique<AppHistograms>();
  const HistogramShape others = {"seconds", {5}};
  first->at(0).declare(kSeconds);
  first->at(0).observe(0.5);
  second->at(0).declare(others);
  second->at(0).observe(1);
  second->at(1).declare(kSeconds);
  second->at(1).observe(20);
  retired->merge_from(*first);
  retired->merge_from(*second);
  const auto all = all_of(*retired);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].first, kSeconds);
  EXPECT_EQ(all[0].second.buckets, (std::vector<std::uint64_t>{0, 1, 0, 1}));
  EXPECT_EQ(all[0].second.sum, 20.5);
  EXPECT_EQ(all[1].first, others) << "the same name with other steps";
  retired->clear();
  EXPECT_TRUE(all_of(*retired).empty());
}

TEST(AppHistograms, GarbageIsReadAsWhatItMayBeOrNotAtAll) {
  std::mt19937_64 random(11);
  const auto histograms = std::make_unique<AppHistograms>();
  std::vector<std::uint64_t> words(sizeof(AppHistograms) / 8);
  for (int round = 0; round < 50; ++round) {
    for (auto& word : words) {
      word = random();
    }
    std::memcpy(static_cast<void*>(histograms.get()), words.data(), sizeof(AppHistograms));
    for (const auto& [shape, values] : all_of(*histograms)) {
      EXPECT_TRUE(are_histogram_steps(shape.steps));
      EXPECT_EQ(values.buckets.size(), shape.steps.size() + 1);
    }
  }
}

}  // namespace
}  // namespace prefork::ipc
