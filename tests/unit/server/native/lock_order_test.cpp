#include "server/native/lock_order.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace prefork::native {
namespace {

// One function takes these locks in this order and gives them back.
std::vector<std::string> take(LockOrder& order, const std::vector<std::string>& locks,
                              const std::string& function) {
  std::vector<std::string> told;
  for (const std::string& lock : locks) {
    if (const auto problem = order.before_wait(lock, function)) {
      told.push_back(*problem);
    }
    order.took(lock);
  }
  for (const std::string& lock : locks) {
    order.gave_back(lock);
  }
  return told;
}

TEST(LockOrder, NamesBothPlacesOfACircleOnce) {
  LockOrder order;
  EXPECT_TRUE(take(order, {"a", "b"}, "GET /ab").empty());
  EXPECT_TRUE(take(order, {"a", "b"}, "GET /ab").empty());
  EXPECT_EQ(
      take(order, {"b", "a"}, "GET /ba"),
      std::vector<std::string>{"lock order: GET /ba takes a while it has b; GET /ab takes b "
                               "while it has a: at the same moment they wait for each other"});
  EXPECT_TRUE(take(order, {"b", "a"}, "GET /ba").empty());
}

TEST(LockOrder, FindsACircleOfThree) {
  LockOrder order;
  EXPECT_TRUE(take(order, {"a", "b"}, "one").empty());
  EXPECT_TRUE(take(order, {"b", "c"}, "two").empty());
  EXPECT_EQ(take(order, {"c", "a"}, "three"),
            std::vector<std::string>{
                "lock order: three takes a while it has c; one takes b while it has a; two takes c "
                "while it has b: at the same moment they wait for each other"});
}

TEST(LockOrder, SaysWhoWaitsForItself) {
  LockOrder order;
  EXPECT_EQ(take(order, {"a", "a"}, "GET /"),
            std::vector<std::string>{"lock order: GET / waits for a, which the same thread has"});
}

TEST(LockOrder, IsOfOneThread) {
  LockOrder order;
  order.took("a");
  std::thread([&] { EXPECT_FALSE(order.before_wait("a", "another thread")); }).join();
  std::thread([&] { order.gave_back("a"); }).join();
  EXPECT_FALSE(order.before_wait("a", "GET /")) << "another thread has given it back";
}

}  // namespace
}  // namespace prefork::native
