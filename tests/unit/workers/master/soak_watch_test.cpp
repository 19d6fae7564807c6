#include "workers/master/soak_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace prefork::master {
namespace {

using testing::HasSubstr;

constexpr ipc::Place kSoaked{0, 1};
constexpr ipc::Place kOlder{1, 0};

class SoakWatchTest : public ::testing::Test {
 protected:
  SoakWatchTest() {
    segment_.header().slots_in_use.store(2);
    occupy(kSoaked, 9, 2);
    occupy(kOlder, 3, 1);
  }
  void occupy(ipc::Place at, std::uint32_t epoch, std::uint32_t generation) {
    segment_.record(at).epoch.store(epoch);
    segment_.record(at).generation.store(generation);
  }
  void answer(ipc::Place at, ipc::Counter status, std::uint64_t count, std::uint64_t us = 500) {
    segment_.record(at).counters.add(status, count);
    segment_.record(at).latency.record(us, count);
  }
  void answer_well(ipc::Place at, std::uint64_t count) {
    answer(at, ipc::Counter::responses_2xx, count);
  }

  ipc::Segment segment_{2};
  SoakWatch watch_{segment_};
};

TEST_F(SoakWatchTest, EqualAnswersAreNotWorse) {
  watch_.begin(kSoaked);
  answer_well(kSoaked, 1'000);
  answer_well(kOlder, 1'000);
  EXPECT_FALSE(watch_.is_worse()) << watch_.verdict();
}

TEST_F(SoakWatchTest, MoreErrorsThanTwiceTheOthersAndOneInAHundredAreWorse) {
  watch_.begin(kSoaked);
  answer_well(kOlder, 990);
  answer(kOlder, ipc::Counter::responses_5xx, 10);
  answer_well(kSoaked, 970);
  answer(kSoaked, ipc::Counter::responses_5xx, 30);
  EXPECT_FALSE(watch_.is_worse()) << "exactly: " << watch_.verdict();
  answer(kSoaked, ipc::Counter::responses_5xx, 5);
  EXPECT_TRUE(watch_.is_worse());
  EXPECT_THAT(watch_.verdict(), HasSubstr("3.5 % of its 1005 responses are 5xx, and 1.0 %"));
}

TEST_F(SoakWatchTest, ErrorsOfClientsAreNot) {
  watch_.begin(kSoaked);
  answer_well(kOlder, 100);
  answer(kSoaked, ipc::Counter::responses_4xx, 100);
  EXPECT_FALSE(watch_.is_worse());
}

TEST_F(SoakWatchTest, ALatencyOfMoreThanTwiceTheOthersIsWorse) {
  watch_.begin(kSoaked);
  answer(kOlder, ipc::Counter::responses_2xx, 200, 20'000);
  answer(kSoaked, ipc::Counter::responses_2xx, 200, 30'000);
  EXPECT_FALSE(watch_.is_worse()) << watch_.verdict();
  answer(kSoaked, ipc::Counter::responses_2xx, 20, 90'000);
  EXPECT_TRUE(watch_.is_worse());
  EXPECT_THAT(watch_.verdict(), HasSubstr("its p99 latency is"));
}

TEST_F(SoakWatchTest, ADifferenceOfAFewMillisecondsIsNoise) {
  watch_.begin(kSoaked);
  answer(kOlder, ipc::Counter::responses_2xx, 200, 100);
  answer(kSoaked, ipc::Counter::responses_2xx, 200, 4'000);
  EXPECT_FALSE(watch_.is_worse()) << watch_.verdict();
}

TEST_F(SoakWatchTest, FewAnswersSayNothing) {
  watch_.begin(kSoaked);
  answer_well(kOlder, 100);
  answer(kSoaked, ipc::Counter::responses_5xx, SoakWatch::kAnswersForShare - 1);
  EXPECT_FALSE(watch_.is_worse());
  answer(kSoaked, ipc::Counter::responses_5xx, 1);
  EXPECT_TRUE(watch_.is_worse());
}

TEST_F(SoakWatchTest, OnlyWhatTheOthersHaveAnsweredMeanwhileCounts) {
  answer(kOlder, ipc::Counter::responses_5xx, 1'000);
  watch_.begin(kSoaked);
  answer_well(kOlder, 100);
  answer_well(kSoaked, 90);
  answer(kSoaked, ipc::Counter::responses_5xx, 10);
  EXPECT_TRUE(watch_.is_worse()) << "that was an hour ago";
}

TEST_F(SoakWatchTest, WhereTheOthersAreGoneWhatTheyHadAnsweredBeforeCounts) {
  answer_well(kOlder, 900);
  answer(kOlder, ipc::Counter::responses_5xx, 100);
  watch_.begin(kSoaked);
  segment_.record(kOlder).epoch.store(0);
  answer_well(kSoaked, 90);
  answer(kSoaked, ipc::Counter::responses_5xx, 10);
  EXPECT_FALSE(watch_.is_worse()) << watch_.verdict();
  answer(kSoaked, ipc::Counter::responses_5xx, 50);
  EXPECT_TRUE(watch_.is_worse());
}

TEST_F(SoakWatchTest, ARecordThatGoesBackIsNotFollowedBelowNothing) {
  answer_well(kOlder, 1'000);
  watch_.begin(kSoaked);
  segment_.record(kOlder).counters.clear();
  segment_.record(kOlder).latency.clear();
  answer_well(kSoaked, 100);
  EXPECT_FALSE(watch_.is_worse()) << watch_.verdict();
}

}  // namespace
}  // namespace prefork::master
