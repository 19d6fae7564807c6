#include "workers/pool/congestion.h"

#include <gtest/gtest.h>

namespace prefork::pool {
namespace {

constexpr std::uint64_t kOneMsNs = 1'000'000;

TEST(Congestion, IsAWaitAboveTheTargetThatLasts) {
  Congestion congestion;
  std::uint64_t now_ns = 1'000 * kOneMsNs;
  congestion.update(now_ns, 6 * kOneMsNs);
  EXPECT_FALSE(congestion.is_present()) << "a burst";
  congestion.update(now_ns += 99 * kOneMsNs, 6 * kOneMsNs);
  EXPECT_FALSE(congestion.is_present());
  congestion.update(now_ns += kOneMsNs, 6 * kOneMsNs);
  EXPECT_TRUE(congestion.is_present());
}

TEST(Congestion, EndsWithTheFirstShortWait) {
  Congestion congestion;
  congestion.update(kOneMsNs, 50 * kOneMsNs);
  congestion.update(200 * kOneMsNs, 50 * kOneMsNs);
  ASSERT_TRUE(congestion.is_present());
  congestion.update(201 * kOneMsNs, 4 * kOneMsNs);
  EXPECT_FALSE(congestion.is_present());
  congestion.update(202 * kOneMsNs, 50 * kOneMsNs);
  EXPECT_FALSE(congestion.is_present()) << "and begins anew";
}

}  // namespace
}  // namespace prefork::pool
