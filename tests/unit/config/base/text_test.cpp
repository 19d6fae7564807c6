#include "config/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace prefork::config {
namespace {

using namespace std::string_view_literals;

TEST(Text, ComparesWithoutCaseInAsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("content_length", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("Content-Lengt", "content-length"));
  // '@' and '`' are 0x20 apart like letters, and are none.
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("\xC4", "\xE4"));
}

TEST(Text, KnowsExactlyTheTokenCharactersOfTheGrammar) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = 0; c < 256; ++c) {
    const auto character = static_cast<char>(c);
    EXPECT_EQ(is_token_char(character), allowed.find(character) != std::string_view::npos)
        << "character " << c;
  }
}

TEST(Text, AnEmptyTextIsNoToken) {
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("X-Y"));
  EXPECT_FALSE(is_token("X Y"));
  EXPECT_FALSE(is_token("X:"));
}

TEST(Text, TrimsSpacesAndTabsAtBothEndsAndNothingElse) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\v a \r"), "\v a \r");
}

TEST(Text, TakesPiecesOffTheFrontUntilNothingIsLeft) {
  std::string_view rest = "a,,b";
  EXPECT_EQ(take_until(rest, ','), "a");
  EXPECT_EQ(rest, ",b");
  EXPECT_EQ(take_until(rest, ','), "");
  EXPECT_EQ(take_until(rest, ','), "b");
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(take_until(rest, ','), "");
}

TEST(Text, AFieldValueMayHoldAnythingButLineEndsAndNul) {
  EXPECT_TRUE(is_safe_field_value(""));
  EXPECT_TRUE(is_safe_field_value("caf\xC3\xA9 \t"));
  EXPECT_FALSE(is_safe_field_value("a\rb"));
  EXPECT_FALSE(is_safe_field_value("a\nb"));
  EXPECT_FALSE(is_safe_field_value("a\0b"sv));
  EXPECT_FALSE(is_safe_field_value("a\x1b[0m"));
  EXPECT_FALSE(is_safe_field_value("a\x7f"));
}

TEST(Text, AFieldValueIsJudgedByEachOfItsCharacters) {
  for (std::size_t size = 1; size <= 26; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string value(size, at % 2 == 0 ? '\xFF' : ' ');
        value[at] = static_cast<char>(c);
        const bool is_control = (c < 0x20 && c != '\t') || c == 0x7F;
        ASSERT_EQ(is_safe_field_value(value), !is_control)
            << "character " << c << " at " << at << " of " << size;
      }
    }
  }
  EXPECT_FALSE(is_safe_field_value("a tab\t and then a line end\n"));
  EXPECT_FALSE(is_safe_field_value("a line end\n and then a tab\t"));
}

TEST(Text, ReadsHexadecimalDigitsOfBothCases) {
  for (int c = 0; c < 256; ++c) {
    const std::string_view digits = "0123456789abcdef0123456789ABCDEF";
    const std::size_t at = digits.find(static_cast<char>(c));
    const auto value = hex_value(static_cast<char>(c));
    ASSERT_EQ(value.has_value(), at != std::string_view::npos) << "character " << c;
    if (value) {
      EXPECT_EQ(*value, at % 16);
    }
  }
}

}  // namespace
}  // namespace prefork::config
