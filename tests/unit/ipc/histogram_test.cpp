#include "ipc/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

namespace prefork::ipc {
namespace {

constexpr std::size_t kLastBucket = Histogram::kBucketCount - 1;
constexpr std::uint64_t kFirstBeyond = std::uint64_t{1} << Histogram::kMaxBits;
// What a bucket adds to a value at most.
constexpr double kLargestError = 1.0 / static_cast<double>(Histogram::kSubBuckets);

HistogramSnapshot snapshot_of(const Histogram& histogram) {
  HistogramSnapshot snapshot;
  snapshot.add(histogram);
  return snapshot;
}

HistogramSnapshot recorded(const std::vector<std::uint64_t>& values) {
  const auto histogram = std::make_unique<Histogram>();
  for (const std::uint64_t value : values) {
    histogram->record(value);
  }
  return snapshot_of(*histogram);
}

TEST(Histogram, BucketsFollowEachOtherWithoutGapOrOverlap) {
  EXPECT_EQ(Histogram::lower_bound(0), 0U);
  for (std::size_t i = 0; i < kLastBucket; ++i) {
    const std::uint64_t first = Histogram::lower_bound(i);
    const std::uint64_t next = Histogram::lower_bound(i + 1);
    ASSERT_LT(first, next) << "bucket " << i;
    ASSERT_EQ(Histogram::bucket_of(first), i);
    ASSERT_EQ(Histogram::bucket_of(first + (next - first) / 2), i);
    ASSERT_EQ(Histogram::bucket_of(next - 1), i);
    ASSERT_EQ(Histogram::bucket_of(next), i + 1);
  }
}

TEST(Histogram, ALargerValueNeverFallsIntoALowerBucket) {
  std::size_t last = 0;
  for (std::uint64_t value = 0; value < kFirstBeyond + 1000;
       value += value < (1U << 16) ? 1 : 997) {
    const std::size_t bucket = Histogram::bucket_of(value);
    ASSERT_GE(bucket, last) << "at " << value;
    ASSERT_LT(bucket, Histogram::kBucketCount) << "at " << value;
    last = bucket;
  }
  EXPECT_EQ(last, kLastBucket);
}

TEST(Histogram, SmallValuesHaveABucketEach) {
  for (std::uint64_t value = 0; value < 2 * Histogram::kSubBuckets; ++value) {
    EXPECT_EQ(Histogram::bucket_of(value), value);
  }
  EXPECT_EQ(Histogram::bucket_of(32), Histogram::bucket_of(33));
}

TEST(Histogram, NoBucketIsWiderThanASixteenthOfItsValues) {
  for (std::size_t i = Histogram::kSubBuckets; i < kLastBucket; ++i) {
    const auto first = static_cast<double>(Histogram::lower_bound(i));
    const auto last = static_cast<double>(Histogram::lower_bound(i + 1) - 1);
    ASSERT_LT(last - first, first * kLargestError) << "bucket " << i;
  }
}

TEST(Histogram, ValuesBeyondTheRangeShareTheLastBucket) {
  EXPECT_EQ(Histogram::bucket_of(kFirstBeyond - 1), kLastBucket);
  EXPECT_EQ(Histogram::bucket_of(kFirstBeyond), kLastBucket);
  EXPECT_EQ(Histogram::bucket_of(std::numeric_limits<std::uint64_t>::max()), kLastBucket);
  EXPECT_EQ(Histogram::bucket_of(Histogram::lower_bound(kLastBucket) - 1), kLastBucket - 1);
}

TEST(Histogram, RecordCountsTheBucketAndTheSum) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(1000);
  histogram->record(1000, 3);
  histogram->record(5);
  EXPECT_EQ(histogram->bucket(Histogram::bucket_of(1000)), 4U);
  EXPECT_EQ(histogram->bucket(5), 1U);
  EXPECT_EQ(histogram->sum_us(), 4005U);
  EXPECT_EQ(snapshot_of(*histogram).count(), 5U);
  EXPECT_EQ(snapshot_of(*histogram).sum_us(), 4005U);
}

TEST(Histogram, ClearForgetsEverything) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(3);
  histogram->record(kFirstBeyond);
  histogram->clear();
  EXPECT_EQ(snapshot_of(*histogram).count(), 0U);
  EXPECT_EQ(snapshot_of(*histogram).sum_us(), 0U);
}

TEST(Histogram, MergedHistogramsEqualOneThatRecordedEverything) {
  std::mt19937_64 random(11);
  const auto whole = std::make_unique<Histogram>();
  const auto left = std::make_unique<Histogram>();
  const auto right = std::make_unique<Histogram>();
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    whole->record(value % (2 * kFirstBeyond));
    (random() % 3 == 0 ? left : right)->record(value % (2 * kFirstBeyond));
  }
  HistogramSnapshot both;
  both.add(*left);
  both.add(*right);
  EXPECT_EQ(both.count(), 5000U);
  EXPECT_EQ(both.sum_us(), whole->sum_us());

  left->merge_from(*right);
  EXPECT_EQ(left->sum_us(), whole->sum_us());
  for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
    ASSERT_EQ(left->bucket(i), whole->bucket(i)) << "bucket " << i;
  }
  for (const double share : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_EQ(both.percentile_us(share), snapshot_of(*whole).percentile_us(share));
  }
}

TEST(Histogram, PercentilesOfNothingAreZero) {
  const HistogramSnapshot empty;
  for (const double share : {0.0, 0.5, 1.0}) {
    EXPECT_EQ(empty.percentile_us(share), 0U);
  }
}

TEST(Histogram, EveryPercentileOfOneRecordingIsThatRecording) {
  for (const std::uint64_t value : {0U, 1U, 17U, 31U}) {
    for (const double share : {0.0, 0.5, 0.99, 1.0}) {
      EXPECT_EQ(recorded({value}).percentile_us(share), value);
    }
  }
}

TEST(Histogram, APercentileInTheLastBucketIsItsLowerEnd) {
  const auto values = recorded({1, 1, 1, std::numeric_limits<std::uint64_t>::max() / 2});
  EXPECT_EQ(values.percentile_us(0.75), 1U);
  EXPECT_EQ(values.percentile_us(0.76), Histogram::lower_bound(kLastBucket));
}

// The value that the share of the values does not exceed, from all of them.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[rank < 1 ? 0 : static_cast<std::size_t>(rank) - 1];
}

class HistogramPercentiles : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static void expect_close_to_exact(std::vector<std::uint64_t> values, const char* distribution) {
    const HistogramSnapshot snapshot = recorded(values);
    std::sort(values.begin(), values.end());
    for (const double share : {0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      const std::uint64_t exact = exact_percentile(values, share);
      const std::uint64_t reported = snapshot.percentile_us(share);
      EXPECT_GE(reported, exact) << distribution << ", share " << share;
      EXPECT_LE(static_cast<double>(reported), static_cast<double>(exact) * (1 + kLargestError))
          << distribution << ", share " << share;
    }
  }
};

TEST_P(HistogramPercentiles, AreWithinASixteenthAboveTheExactOnes) {
  std::mt19937_64 random(GetParam());
  const std::uint64_t range = Histogram::lower_bound(kLastBucket);
  const std::size_t size = 1 + random() % 20'000;
  std::vector<std::uint64_t> uniform(size);
  std::vector<std::uint64_t> over_all_magnitudes(size);
  std::vector<std::uint64_t> exponential(size);
  std::vector<std::uint64_t> two_peaks(size);
  std::exponential_distribution<double> around_2_ms(1.0 / 2000.0);
  for (std::size_t i = 0; i < size; ++i) {
    uniform[i] = random() % range;
    over_all_magnitudes[i] = (random() % range) >> (random() % Histogram::kMaxBits);
    exponential[i] = static_cast<std::uint64_t>(around_2_ms(random)) % range;
    two_peaks[i] = random() % 100 == 0 ? 5'000'000 + random() % 1000 : 90 + random() % 20;
  }
  expect_close_to_exact(uniform, "uniform");
  expect_close_to_exact(over_all_magnitudes, "over all magnitudes");
  expect_close_to_exact(exponential, "exponential");
  expect_close_to_exact(two_peaks, "two peaks");
}

INSTANTIATE_TEST_SUITE_P(Seeds, HistogramPercentiles, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace prefork::ipc
