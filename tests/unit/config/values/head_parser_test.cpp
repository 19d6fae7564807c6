#include "config/values/head_parser.h"

#include <gtest/gtest.h>

namespace prefork::config {
namespace {

TEST(HeadParsers, AreWords) {
  for (const HeadParser parser : {HeadParser::automatic, HeadParser::llhttp}) {
    EXPECT_EQ(parse_head_parser(to_string(parser)).value(), parser);
  }
  EXPECT_EQ(to_string(HeadParser::automatic), "auto");
  EXPECT_EQ(parse_head_parser("avx2").problem().text,
            "'avx2' is no parser of heads; use auto or llhttp");
}

}  // namespace
}  // namespace prefork::config
