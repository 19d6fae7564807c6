#include "config/base/near_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace prefork::config {
namespace {

TEST(NearName, CountsEditsAndASwapOfNeighboursAsOne) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("port", "port"), 0u);
  EXPECT_EQ(edit_distance("", "port"), 4u);
  EXPECT_EQ(edit_distance("port", ""), 4u);
  EXPECT_EQ(edit_distance("prot", "port"), 1u);
  EXPECT_EQ(edit_distance("por", "port"), 1u);
  EXPECT_EQ(edit_distance("ports", "port"), 1u);
  EXPECT_EQ(edit_distance("pork", "port"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearName, IsTheNearestOfATableOrNone) {
  struct Entry {
    std::string_view name;
  };
  constexpr std::array kTable = {Entry{"status"}, Entry{"stop"}, Entry{"scale"}};
  EXPECT_EQ(nearest_name(kTable, "stats"), "status");
  EXPECT_EQ(nearest_name(kTable, "sotp"), "stop");
  EXPECT_EQ(nearest_name(kTable, "frobnicate"), "");
  EXPECT_EQ(nearest_name(kTable, ""), "");
  EXPECT_EQ(nearest_name(kTable, std::string(100'000, 's')), "");
}

}  // namespace
}  // namespace prefork::config
