#include "workers/master/resume_order.h"

#include <gtest/gtest.h>

namespace prefork::master {
namespace {

using Words = std::vector<std::string>;

TEST(ResumeOrder, ComesBackAsItWasGivenBeforeTheOtherArguments) {
  const Words rest = {"--port", "80", ""};
  for (const ResumeOrder& order :
       {ResumeOrder{true, 7, -1, ""}, ResumeOrder{false, 7, 8, ""},
        ResumeOrder{false, 12, -1, "it could not be started: no such file"}}) {
    Words arguments = to_arguments(order, rest);
    EXPECT_EQ(take_resume_order(arguments), order);
    EXPECT_EQ(arguments, rest);
  }
}

TEST(ResumeOrder, WhatIsNoneIsLeftToWhoeverReadsOptions) {
  for (const Words& words :
       {Words{}, Words{"--resume"}, Words{"--resume", "7", "8"}, Words{"--resume-check"},
        Words{"--resume-check", "x"}, Words{"--resume-check", "-1"},
        Words{"--resume", "7", "eight", ""}, Words{"--port", "--resume-check", "7"}}) {
    Words arguments = words;
    EXPECT_FALSE(take_resume_order(arguments));
    EXPECT_EQ(arguments, words);
  }
}

}  // namespace
}  // namespace prefork::master
