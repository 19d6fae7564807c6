#include "config/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace prefork::config {
namespace {

Result<std::unique_ptr<int>> half_of(int number) {
  if (number % 2 != 0) return Problem{std::to_string(number) + " is odd"};
  return std::make_unique<int>(number / 2);
}

struct Coded {
  int code = 0;
  std::string text;
};

TEST(Result, HasAValueOrSaysWhatIsWrong) {
  auto even = half_of(6);
  ASSERT_TRUE(even.ok());
  EXPECT_EQ(*even.value(), 3);

  const auto odd = half_of(7);
  ASSERT_FALSE(odd.ok());
  EXPECT_EQ(odd.problem(), Problem{"7 is odd"});
}

TEST(Result, GivesAValueAwayThatCannotBeCopied) {
  const std::unique_ptr<int> three = half_of(6).value();
  EXPECT_EQ(*three, 3);
}

TEST(Result, OfNothingSaysOnlyWhetherItWorked) {
  const Result<void> done = {};
  EXPECT_TRUE(done.ok());
  const Result<void> failed = Problem{"no"};
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.problem().text, "no");
}

TEST(Result, TakesAnErrorThatTellsMore) {
  const Result<int, Coded> failed = Coded{5, "five"};
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.problem().code, 5);
}

TEST(Result, IsStoredOnlyWhenItIsAValue) {
  int member = 1;
  EXPECT_EQ(store(Result<int>(Problem{"no"}), member).problem().text, "no");
  EXPECT_EQ(member, 1);
  EXPECT_TRUE(store(Result<int>(2), member).ok());
  EXPECT_EQ(member, 2);
}

TEST(ResultDeathTest, EndsWhoeverAsksForWhatIsNotThere) {
  EXPECT_DEATH(static_cast<void>(half_of(7).value()), "");
  EXPECT_DEATH(static_cast<void>(half_of(6).problem()), "");
  EXPECT_DEATH(static_cast<void>(Result<void>().problem()), "");
}

}  // namespace
}  // namespace prefork::config
