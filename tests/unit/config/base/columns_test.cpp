#include "config/base/columns.h"

#include <gtest/gtest.h>

namespace prefork::config {
namespace {

TEST(Columns, AParagraphIsWrappedBetweenItsWords) {
  EXPECT_EQ(wrapped("one two three four", 9), "one two\nthree\nfour\n");
  EXPECT_EQ(wrapped("unbreakable word", 4), "unbreakable\nword\n") << "no word is cut";
  EXPECT_EQ(wrapped("", 9), "\n");
}

TEST(Columns, TheSecondOneIsWrappedUnderItself) {
  EXPECT_EQ(two_columns("--a", 8, "one two three", 16), "  --a   one two\n        three\n");
}

TEST(Columns, WhatIsLastStaysInOneLineWhereOneIsLongEnough) {
  EXPECT_EQ(two_columns("--a", 8, "one", 16, "[a b c]"), "  --a   one\n        [a b c]\n");
  EXPECT_EQ(two_columns("--a", 8, "one", 16, "[is longer]"), "  --a   one [is\n        longer]\n");
  EXPECT_EQ(two_columns("--a", 8, "one", 16), "  --a   one\n");
}

}  // namespace
}  // namespace prefork::config
