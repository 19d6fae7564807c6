// Who is found to have too much memory, by a measure that the test makes up.
#include "workers/observer/memory_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "workers/observer/proc_usage.h"

namespace prefork::observer {
namespace {

constexpr std::uint64_t kInterval = 1'000;
constexpr std::uint64_t kLatest = kInterval + kInterval / 10;

class MemoryWatchTest : public testing::Test {
 protected:
  MemoryWatchTest() {
    segment_.header().slots_in_use.store(2);
    start({0, 0}, 300, 1);
    start({1, 0}, 301, 2);
  }

  void start(ipc::Place at, std::int32_t pid, std::uint32_t epoch) {
    ipc::WorkerRecord& record = segment_.record(at);
    record.pid.store(pid);
    record.epoch.store(epoch);
    record.state.store(ipc::ProcessState::ready);
  }
  MemoryWatch::Found look() {
    now_ += kLatest;
    return watch_.look(segment_, now_);
  }

  ipc::Segment segment_{2};
  std::map<std::int32_t, std::uint64_t> bytes_ = {{300, 50}, {301, 50}};
  int measured_ = 0;
  std::uint64_t now_ = 1'000'000;
  MemoryWatch watch_{100, kInterval, now_,
                     [this](std::int32_t pid) -> std::optional<std::uint64_t> {
                       ++measured_;
                       const auto found = bytes_.find(pid);
                       if (found == bytes_.end()) return std::nullopt;
                       return found->second;
                     }};
};

TEST_F(MemoryWatchTest, FindsWhoIsAboveTheLimitTwiceInARow) {
  bytes_[301] = 101;
  EXPECT_TRUE(look().oversized.empty()) << "it may be for a moment";
  const auto found = look().oversized;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at, (ipc::Place{1, 0}));
  EXPECT_EQ(found[0].epoch, 2U);
  EXPECT_EQ(found[0].bytes, 101U);
}

TEST_F(MemoryWatchTest, LetsOffWhoWasBelowItInBetween) {
  bytes_[301] = 101;
  look();
  bytes_[301] = 100;
  EXPECT_TRUE(look().oversized.empty());
  bytes_[301] = 101;
  EXPECT_TRUE(look().oversized.empty());
  EXPECT_EQ(look().oversized.size(), 1U);
}

TEST_F(MemoryWatchTest, ASuccessorIsNotBlamedForTheOneBefore) {
  bytes_[301] = 101;
  look();
  start({1, 0}, 302, 3);
  bytes_[302] = 101;
  EXPECT_TRUE(look().oversized.empty());
}

TEST_F(MemoryWatchTest, MeasuresOnlyWhoServes) {
  bytes_[301] = 101;
  segment_.record({1, 0}).state.store(ipc::ProcessState::draining);
  look();
  EXPECT_TRUE(look().oversized.empty());
  EXPECT_EQ(measured_, 2);
}

TEST_F(MemoryWatchTest, LooksOnceAnInterval) {
  watch_.look(segment_, now_ + kInterval - kInterval / 10 - 1);
  EXPECT_EQ(measured_, 0);
  look();
  watch_.look(segment_, now_ + 1);
  EXPECT_EQ(measured_, 2);
}

TEST_F(MemoryWatchTest, SaysOnceThatItCannotSee) {
  bytes_.clear();
  EXPECT_TRUE(look().is_blind);
  EXPECT_FALSE(look().is_blind);
}

TEST_F(MemoryWatchTest, WithoutALimitNobodyIsMeasured) {
  MemoryWatch watch(0, kInterval, now_, [](std::int32_t) -> std::optional<std::uint64_t> {
    ADD_FAILURE() << "measured";
    return std::nullopt;
  });
  EXPECT_TRUE(watch.look(segment_, now_ + 100 * kInterval).oversized.empty());
}

TEST(ProportionalBytes, AreThoseOfTheProcess) {
  const auto bytes = read_proportional_bytes(::getpid());
  ASSERT_TRUE(bytes);
  EXPECT_GT(*bytes, std::uint64_t{100} << 10);
  EXPECT_LT(*bytes, std::uint64_t{1} << 40);
  EXPECT_EQ(read_proportional_bytes(-1), std::nullopt);
}

}  // namespace
}  // namespace prefork::observer
