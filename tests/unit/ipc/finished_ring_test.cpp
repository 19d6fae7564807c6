// The last requests that a worker has finished.
#include "ipc/finished_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

namespace prefork::ipc {
namespace {

TEST(TheRingOfFinishedRequests, HasTheNewestFirst) {
  const auto ring = std::make_unique<FinishedRing>();
  EXPECT_TRUE(ring->get().empty());
  for (std::uint64_t id = 1; id <= 100; ++id) {
    ring->add({id * 10, id, id, 200, "/item/" + std::to_string(id)});
  }
  const auto finished = ring->get();
  ASSERT_EQ(finished.size(), FinishedRing::kShown);
  EXPECT_EQ(finished.front().id, 100U);
  EXPECT_EQ(finished.front().path, "/item/100");
  EXPECT_EQ(finished.front().ended_ns, 1000U);
  EXPECT_EQ(finished.back().id, 69U);
  ring->clear();
  EXPECT_TRUE(ring->get().empty());
}

TEST(TheRingOfFinishedRequests, CutsLongPathsAndBelievesNothing) {
  const auto ring = std::make_unique<FinishedRing>();
  ring->add({1, 2, 3, 404, std::string(1000, 'x')});
  EXPECT_EQ(ring->get().front().path, std::string(FinishedRequest::kMaxPathBytes, 'x'));
  std::memset(static_cast<void*>(ring.get()), 0xFE, sizeof(FinishedRing));
  const auto finished = ring->get();
  ASSERT_EQ(finished.size(), FinishedRing::kShown);
  EXPECT_LT(finished.front().status, 1000);
}

}  // namespace
}  // namespace prefork::ipc
