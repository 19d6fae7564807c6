#include "ipc/step_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace prefork::ipc {
namespace {

TEST(StepHistogram, AValueCountsForTheFirstStepThatIsNotBelowIt) {
  EXPECT_EQ(DurationHistogram::bucket_of(0), 0U);
  for (std::size_t i = 0; i < DurationSteps::kSteps.size(); ++i) {
    EXPECT_EQ(DurationHistogram::bucket_of(DurationSteps::kSteps[i]), i);
    EXPECT_EQ(DurationHistogram::bucket_of(DurationSteps::kSteps[i] + 1), i + 1);
  }
  EXPECT_EQ(DurationHistogram::bucket_of(std::numeric_limits<std::uint64_t>::max()),
            DurationSteps::kSteps.size());
}

TEST(StepHistogram, ItsStepsGrow) {
  EXPECT_TRUE(std::is_sorted(DurationSteps::kSteps.begin(), DurationSteps::kSteps.end()));
  EXPECT_TRUE(std::is_sorted(SizeSteps::kSteps.begin(), SizeSteps::kSteps.end()));
}

TEST(StepHistogram, ReadersAddWritersUp) {
  DurationHistogram one;
  DurationHistogram other;
  one.record(40, 3);
  one.record(700);
  other.record(700, 2);
  DurationSnapshot both;
  both.add(one);
  both.add(other);
  EXPECT_EQ(both.count(), 6U);
  EXPECT_EQ(both.sum, 3U * 40 + 3 * 700);
  EXPECT_EQ(both.buckets[0], 3U);
  EXPECT_EQ(both.buckets[DurationHistogram::bucket_of(700)], 3U);

  one.merge_from(other);
  DurationSnapshot merged;
  merged.add(one);
  EXPECT_EQ(merged.buckets, both.buckets);
  EXPECT_EQ(merged.sum, both.sum);
  one.clear();
  EXPECT_EQ(one.bucket(0) + one.sum(), 0U);
}

}  // namespace
}  // namespace prefork::ipc
