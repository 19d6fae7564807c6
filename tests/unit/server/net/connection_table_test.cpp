#include "server/net/connection_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace prefork::net {
namespace {

class ConnectionTableTest : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t gauge(ipc::Gauge gauge) const { return gauges_->get(gauge); }

  std::unique_ptr<ipc::Gauges> gauges_ = std::make_unique<ipc::Gauges>();
  ConnectionTable table_{*gauges_};
};

TEST_F(ConnectionTableTest, APlaceIsUsedAgainAndItsOldTokensAreStale) {
  const ConnectionToken first = table_.reserve();
  const ConnectionToken second = table_.reserve();
  EXPECT_NE(first.index, second.index);
  EXPECT_EQ(table_.size(), 2U);
  table_.erase(first);
  const ConnectionToken third = table_.reserve();
  EXPECT_EQ(third.index, first.index);
  EXPECT_NE(third.serial, first.serial);
  EXPECT_EQ(table_.capacity(), 2U);
  EXPECT_EQ(table_.find(first), nullptr);
  EXPECT_EQ(table_.find_opener(first), nullptr);
  EXPECT_EQ(table_.find({99, 1}), nullptr);
}

TEST_F(ConnectionTableTest, AKeyIsATokenAndBack) {
  const ConnectionToken token = table_.reserve();
  const std::uint64_t key = ConnectionTable::key_of(token);
  EXPECT_GE(key, loop::EventLoop::kFirstClientKey) << "no key is a watch's";
  EXPECT_EQ(ConnectionTable::token_of(key).index, token.index);
  EXPECT_EQ(ConnectionTable::token_of(key).serial, token.serial);
}

TEST_F(ConnectionTableTest, KeepsTheEarliestDeadlineAndFindsIt) {
  EXPECT_EQ(table_.earliest_deadline_ns(), ipc::kNever);
  const ConnectionToken first = table_.reserve();
  const ConnectionToken second = table_.reserve();
  const ConnectionToken third = table_.reserve();
  table_.set_deadline(first.index, 300);
  table_.set_deadline(second.index, 100);
  table_.set_deadline(third.index, 200);
  EXPECT_EQ(table_.earliest_deadline_ns(), 100U);
  table_.set_deadline(second.index, 400);
  EXPECT_LE(table_.earliest_deadline_ns(), 200U) << "never too late, perhaps too early";
  std::vector<ConnectionToken> overdue;
  table_.collect_overdue(250, overdue);
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_EQ(overdue[0].index, third.index);
  EXPECT_EQ(table_.earliest_deadline_ns(), 300U);
}

TEST_F(ConnectionTableTest, APlaceThatIsFreeHasNoDeadline) {
  const ConnectionToken token = table_.reserve();
  table_.set_deadline(token.index, 100);
  table_.erase(token);
  std::vector<ConnectionToken> overdue;
  table_.collect_overdue(1'000, overdue);
  EXPECT_TRUE(overdue.empty());
  EXPECT_EQ(table_.earliest_deadline_ns(), ipc::kNever);
}

TEST_F(ConnectionTableTest, TheGaugesFollow) {
  const ConnectionToken token = table_.reserve();
  table_.reserve();
  EXPECT_EQ(gauge(ipc::Gauge::connections_active), 2U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 2U);
  table_.count_busy(true);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
  table_.count_busy(false);
  table_.erase(token);
  EXPECT_EQ(gauge(ipc::Gauge::connections_active), 1U);
  EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
}

}  // namespace
}  // namespace prefork::net
