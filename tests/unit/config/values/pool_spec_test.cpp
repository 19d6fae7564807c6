#include "config/values/pool_spec.h"

#include <gtest/gtest.h>

#include <string>

namespace prefork::config {
namespace {

using namespace std::chrono_literals;

std::string problem_of(std::string_view text) {
  const auto spec = parse_pool_spec(text);
  return spec.ok() ? "" : spec.problem().text;
}

TEST(PoolSpec, IsReadWithAllThatBelongsToIt) {
  const auto spec = parse_pool_spec("reports=4,queue=20,wait=250ms,reserve=1,batch");
  ASSERT_TRUE(spec.ok()) << spec.problem().text;
  EXPECT_EQ(spec.value(), (PoolSpec{"reports", 4, 20, 250ms, 1, true}));
  EXPECT_EQ(spec.value().text(), "reports=4,queue=20,wait=250ms,reserve=1,batch");
}

TEST(PoolSpec, HasDefaultsForAllButItsThreads) {
  const auto spec = parse_pool_spec("a=2");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec.value().text(), "a=2,queue=512,wait=1s");
  EXPECT_EQ(parse_pool_spec("a=2,wait=off").value().text(), "a=2,queue=512,wait=off");
}

TEST(PoolSpec, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of("reports").substr(0, 29), "'reports' has no equals sign;");
  EXPECT_EQ(problem_of("Reports=1"),
            "'Reports' is no name of a pool; use at most 15 of a-z, 0-9, _ and -, a letter first");
  EXPECT_EQ(problem_of("a=0"), "'0' is no number of threads; use 1 to 256");
  EXPECT_EQ(problem_of("a=2,queue=x"), "'x' is no number of jobs; use 1 to 1000000");
  EXPECT_EQ(problem_of("a=2,wait=1ms"), "'1ms' is no time to wait; use 10ms to 24h, or off");
  EXPECT_EQ(problem_of("a=2,reserve=2"),
            "'a=2,reserve=2' reserves all of its 2 threads; jobs that are not of high priority "
            "would never run");
  EXPECT_EQ(problem_of("a=2,speed=1").substr(0, 37), "'speed=1' is nothing that a pool has;");
  EXPECT_EQ(problem_of("a=2,").substr(0, 30), "'' is nothing that a pool has;");
}

TEST(PoolOrder, HasFourNames) {
  for (const char* name : {"fcfs", "shortest", "round-robin", "feedback"}) {
    const auto order = parse_pool_order(name);
    ASSERT_TRUE(order.ok()) << name;
    EXPECT_EQ(to_string(order.value()), name);
  }
  EXPECT_EQ(parse_pool_order("lifo").problem().text,
            "'lifo' is not an order; use fcfs, shortest, round-robin or feedback");
}

}  // namespace
}  // namespace prefork::config
