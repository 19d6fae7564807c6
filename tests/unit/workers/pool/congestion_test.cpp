#include "workers/pool/congestion.h"

#include <gtest/gtest.h>

namespace prefork::pool {
namespace {

constexpr std::uint64_t kMillisecondNs = 1'000'000;

TEST(Congestion, IsAWaitAboveTheTargetThatLasts) {
  Congestion congestion;
  std::uint64_t now_ns = 1'000 * kMillisecondNs;
  congestion.update(now_ns, 6 * kMillisecondNs);
  EXPECT_FALSE(congestion.is_present()) << "a burst";
  congestion.update(now_ns += 99 * kMillisecondNs, 6 * kMillisecondNs);
  EXPECT_FALSE(congestion.is_present());
  congestion.update(now_ns += kMillisecondNs, 6 * kMillisecondNs);
  EXPECT_TRUE(congestion.is_present());
}

TEST(Congestion, EndsWithTheFirstShortWait) {
  Congestion congestion;
  congestion.update(kMillisecondNs, 50 * kMillisecondNs);
  congestion.update(200 * kMillisecondNs, 50 * kMillisecondNs);
  ASSERT_TRUE(congestion.is_present());
  congestion.update(201 * kMillisecondNs, 4 * kMillisecondNs);
  EXPECT_FALSE(congestion.is_present());
  congestion.update(202 * kMillisecondNs, 50 * kMillisecondNs);
  EXPECT_FALSE(congestion.is_present()) << "and begins anew";
}

}  // namespace
}  // namespace prefork::pool
