#include "workers/pool/pool_watch.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace prefork::pool {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

TEST(PoolWatch, SaysAfterSecondsWhatTheThreadsDoAndNotAgainAtOnce) {
  const auto record = std::make_unique<ipc::WorkerRecord>();
  record->pool_requests[0].set(100 * kSecondNs, 1, {}, "GET", "/slow");
  record->pool_requests[3].set(101 * kSecondNs, 2, {}, "POST", "/b\n");
  record->pool_requests[4].set(101 * kSecondNs, 2, {}, "GET", "/of-another-class");
  PoolWatch watch(*record, "default");
  const ThreadPool::Stall stall{5, 101 * kSecondNs, {0, 1, 3}};
  EXPECT_FALSE(watch.look(stall, 103 * kSecondNs));
  EXPECT_EQ(
      watch.look(stall, 105 * kSecondNs),
      "every thread of the pool has been busy for 4 s, 5 requests wait (--threads); they work "
      "on GET /slow (5 s), POST /b\\x0a (4 s)");
  EXPECT_FALSE(watch.look(stall, 106 * kSecondNs));
  EXPECT_TRUE(watch.look(stall, 136 * kSecondNs));
  EXPECT_FALSE(watch.look({}, 200 * kSecondNs)) << "nobody waits";
}

TEST(PoolWatch, NamesSomeOfMany) {
  const auto record = std::make_unique<ipc::WorkerRecord>();
  ThreadPool::Stall stall{1, kSecondNs, {}};
  for (std::uint32_t i = 0; i < 20; ++i) {
    record->pool_requests[i].set(kSecondNs, 1, {}, "GET", "/x");
    stall.threads.push_back(i);
  }
  PoolWatch watch(*record, "reports");
  const auto line = watch.look(stall, 10 * kSecondNs);
  ASSERT_TRUE(line);
  EXPECT_TRUE(
      line->starts_with("every thread of the pool 'reports' has been busy for 9 s, 1 "
                        "requests wait (--pool)"))
      << *line;
  EXPECT_TRUE(line->ends_with("GET /x (9 s) and 12 more")) << *line;
}

}  // namespace
}  // namespace prefork::pool
