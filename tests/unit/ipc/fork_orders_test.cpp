#include "ipc/fork_orders.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <optional>
#include <utility>

namespace prefork::ipc {
namespace {

class ForkOrdersTest : public testing::Test {
 protected:
  ForkOrderPair pair_ = make_fork_order_pair();
};

TEST_F(ForkOrdersTest, AnOrderComesWithTheEndOfTheControlPipes) {
  ControlPair pipes = make_control_pair();
  const ForkOrder sent{ForkOrder::Kind::fork_worker, 3, 1, 77, 1'234};
  ASSERT_EQ(send_fork_order(pair_.master.get(), sent, &pipes.child), 0);
  pipes.child = {};

  std::optional<ReceivedForkOrder> received = receive_fork_order(pair_.server.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->order.slot, 3U);
  EXPECT_EQ(received->order.seat, 1U);
  EXPECT_EQ(received->order.epoch, 77U);
  EXPECT_EQ(received->order.ordered_ns, 1'234U);
  EXPECT_EQ(received->control.send({77, ForkedFrame{5}}), SendResult::sent);
  int heard = 0;
  pipes.master.receive(
      [&heard](const auto& frame) { heard += std::holds_alternative<Frame>(frame) ? 1 : 0; });
  EXPECT_EQ(heard, 1);
}

TEST_F(ForkOrdersTest, AnOrderWithoutPipesIsPassedOver) {
  ASSERT_EQ(
      send_fork_order(pair_.master.get(), {ForkOrder::Kind::fork_worker, 0, 0, 1, 0}, nullptr), 0);
  ASSERT_EQ(send_fork_order(pair_.master.get(), {}, nullptr), 0);
  const auto received = receive_fork_order(pair_.server.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->order.kind, ForkOrder::Kind::reopen_logs);
}

TEST_F(ForkOrdersTest, WhatIsNoOrderIsPassedOver) {
  ASSERT_EQ(::send(pair_.master.get(), "hello", 5, 0), 5);
  pair_.master.reset();
  EXPECT_FALSE(receive_fork_order(pair_.server.get()));
}

TEST_F(ForkOrdersTest, WaitingOrdersAreReadBeforeTheEnd) {
  ASSERT_EQ(send_fork_order(pair_.master.get(), {}, nullptr), 0);
  pair_.master.reset();
  EXPECT_TRUE(receive_fork_order(pair_.server.get()));
  EXPECT_FALSE(receive_fork_order(pair_.server.get()));
}

TEST_F(ForkOrdersTest, AFullSocketIsAnErrorAndNoWait) {
  int error = 0;
  for (int i = 0; i < 100'000 && error == 0; ++i) {
    error = send_fork_order(pair_.master.get(), {}, nullptr);
  }
  EXPECT_EQ(error, EAGAIN);
}

}  // namespace
}  // namespace prefork::ipc
