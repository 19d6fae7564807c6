#include "ipc/app_numbers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::ipc {
namespace {

TEST(AppNumberName, HasLettersDigitsAndUnderscores) {
  for (const char* const name : {"a", "_", "orders_total", "A9"}) {
    EXPECT_TRUE(is_number_name(name)) << name;
  }
  EXPECT_TRUE(is_number_name(std::string(kMaxNumberNameBytes, 'x')));
  EXPECT_FALSE(is_number_name(std::string(kMaxNumberNameBytes + 1, 'x')));
  for (const char* const name : {"", "9a", "a-b", "a b", "a\"b", "\xC3\xA9"}) {
    EXPECT_FALSE(is_number_name(name)) << name;
  }
}

TEST(AppNumber, KeepsItsNameKindAndValue) {
  AppNumber number;
  EXPECT_FALSE(number.name());
  const std::string longest(kMaxNumberNameBytes, 'n');
  number.declare(NumberKind::gauge, longest);
  number.set(-5);
  number.add(2);
  ASSERT_TRUE(number.name());
  EXPECT_EQ(number.name()->text, longest);
  EXPECT_EQ(number.name()->kind, NumberKind::gauge);
  EXPECT_EQ(number.get(), -3);
  number.clear();
  EXPECT_FALSE(number.name());
  EXPECT_EQ(number.get(), 0);
}

TEST(AppNumbers, CountersAreMergedByNameWhateverTheirPlaces) {
  AppNumbers retired;
  AppNumbers one;
  one.at(0).declare(NumberKind::counter, "a");
  one.at(1).declare(NumberKind::gauge, "g");
  one.at(2).declare(NumberKind::counter, "b");
  one.at(0).add(1);
  one.at(1).set(50);
  one.at(2).add(10);
  AppNumbers other;
  other.at(0).declare(NumberKind::counter, "b");
  other.at(0).add(5);
  retired.merge_counters_from(one);
  retired.merge_counters_from(other);
  EXPECT_EQ(retired.find(NumberKind::counter, "a")->get(), 1);
  EXPECT_EQ(retired.find(NumberKind::counter, "b")->get(), 15);
  EXPECT_EQ(retired.find(NumberKind::gauge, "g"), nullptr)
      << "a present state ends with its worker";
}

TEST(AppNumbers, NamesForWhichThereIsNoRoomAreLostAndNothingElse) {
  AppNumbers retired;
  for (std::size_t i = 0; i < kAppNumberRoom; ++i) {
    retired.at(i).declare(NumberKind::counter, "n" + std::to_string(i));
  }
  AppNumbers ended;
  ended.at(0).declare(NumberKind::counter, "late");
  ended.at(1).declare(NumberKind::counter, "n7");
  ended.at(0).add(1);
  ended.at(1).add(2);
  retired.merge_counters_from(ended);
  EXPECT_EQ(retired.find(NumberKind::counter, "late"), nullptr);
  EXPECT_EQ(retired.find(NumberKind::counter, "n7")->get(), 2);
}

}  // namespace
}  // namespace prefork::ipc
