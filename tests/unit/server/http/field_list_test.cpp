#include "server/http/field_list.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

FieldList abc() { return {{"A", "1"}, {"Bb", "22"}, {"C", ""}}; }

std::string read(const FieldList& list) {
  std::string text;
  for (const Field field : list) {
    text.append(field.name).append("=").append(field.value).append(";");
  }
  return text;
}

TEST(FieldList, LiesInWireForm) {
  EXPECT_EQ(abc().wire(), "A: 1\r\nBb: 22\r\nC: \r\n");
  EXPECT_EQ(FieldList().wire(), "");
}

TEST(FieldList, IsReadFieldByField) {
  EXPECT_EQ(read(abc()), "A=1;Bb=22;C=;");
  EXPECT_EQ(read(FieldList()), "");
  EXPECT_TRUE(FieldList().empty());
  EXPECT_FALSE(abc().empty());
}

TEST(FieldList, ReadsAValueWithColonsAndSpacesAsItIs) {
  const FieldList list = {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"X", " a : b "}, {"Y", ":"}};
  EXPECT_EQ(read(list), "Date=Sun, 06 Nov 1994 08:49:37 GMT;X= a : b ;Y=:;");
}

TEST(FieldList, FindsInAnyCase) {
  FieldList list = {{"Content-TYPE", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(list.find("content-type"), "a");
  EXPECT_EQ(list.find("x"), "1");
  EXPECT_EQ(list.find("content"), std::nullopt);
  EXPECT_EQ(list.lines("x").count, 2U);
  EXPECT_EQ(list.lines("content-type").only(), "a");
}

TEST(FieldList, ReplacesByLongerShorterAndEquallyLongValues) {
  for (const std::string_view name : {"A", "Bb", "C"}) {
    for (const std::string& value :
         {std::string(), std::string("x"), std::string("yy"), std::string(1000, 'z')}) {
      FieldList list = abc();
      list.set(name, value);
      std::string expected;
      for (const Field field : abc()) {
        expected.append(field.name).append("=");
        expected.append(field.name == name ? value : field.value).append(";");
      }
      EXPECT_EQ(read(list), expected);
    }
  }
}

TEST(FieldList, ReplacesTheFirstOfANameAndRemovesTheOthers) {
  FieldList list = {{"x", "1"}, {"A", "2"}, {"X", "3"}, {"B", "4"}, {"x", "5"}};
  list.set("X", "new");
  EXPECT_EQ(read(list), "X=new;A=2;B=4;");
}

TEST(FieldList, AppendsWhatIsNotThereToReplace) {
  FieldList list = abc();
  list.set("D", "4");
  EXPECT_EQ(read(list), "A=1;Bb=22;C=;D=4;");
}

TEST(FieldList, RemovesTheFirstOneInTheMiddleAndTheLast) {
  for (const auto& [name, rest] : std::vector<std::pair<std::string_view, std::string>>{
           {"a", "Bb=22;C=;"}, {"BB", "A=1;C=;"}, {"C", "A=1;Bb=22;"}}) {
    FieldList list = abc();
    EXPECT_EQ(list.remove(name), 1U);
    EXPECT_EQ(read(list), rest);
    list.append("New", "v");
    EXPECT_EQ(read(list), rest + "New=v;");
  }
}

TEST(FieldList, RemovesAllOfANameAndNothingElse) {
  FieldList list = {{"x", "1"}, {"X", "2"}, {"Xy", "3"}, {"x", "4"}};
  EXPECT_EQ(list.remove("nothing"), 0U);
  EXPECT_EQ(list.remove("X"), 3U);
  EXPECT_EQ(read(list), "Xy=3;");
  EXPECT_EQ(list.remove("xy"), 1U);
  EXPECT_TRUE(list.empty());
}

TEST(FieldList, AddsInFrontAndRemovesThere) {
  FieldList list;
  list.prepend("B", "2");
  list.prepend("A", "1");
  EXPECT_EQ(read(list), "A=1;B=2;");
  list.remove_first();
  list.prepend("A", std::string(300, 'a'));
  EXPECT_EQ(read(list), "A=" + std::string(300, 'a') + ";B=2;");
  list.remove_first();
  list.remove_first();
  EXPECT_TRUE(list.empty());
}

TEST(FieldList, AppendsABlockAsItIs) {
  FieldList list = {{"X", "0"}};
  const FieldList block = abc();
  list.append(block);
  list.append(FieldList());
  list.append(block);
  EXPECT_EQ(read(list), "X=0;A=1;Bb=22;C=;A=1;Bb=22;C=;");
}

TEST(FieldList, ACopyIsItsOwn) {
  FieldList list = abc();
  FieldList copy = list;
  copy.set("A", "other");
  EXPECT_EQ(list.find("a"), "1");
  list = copy;
  EXPECT_EQ(read(list), read(copy));
  const FieldList& itself = list;
  list = itself;
  EXPECT_EQ(read(list), read(copy));
}

TEST(FieldList, KeepsItsMemoryWhenItIsCleared) {
  FieldList list = {{"A", std::string(500, 'a')}};
  const char* const memory = list.wire().data();
  list.clear();
  EXPECT_TRUE(list.empty());
  list.append("B", std::string(500, 'b'));
  EXPECT_EQ(list.wire().data(), memory);
}

TEST(FieldProblem, NamesAreTokensAndValuesHaveNoLineEnds) {
  EXPECT_EQ(field_problem("X-Y", "any: value\t\x80"), nullptr);
  EXPECT_EQ(field_problem("X", ""), nullptr);
  for (const std::string_view name : {""sv, "X Y"sv, "X:"sv, "X\r"sv, "X\0"sv}) {
    EXPECT_STREQ(field_problem(name, "v"), "a field name that is no token");
  }
  for (const std::string_view value : {"a\r\nB: c"sv, "a\n"sv, "\r"sv, "a\0b"sv}) {
    EXPECT_STREQ(field_problem("X", value), "a control character in a field value");
  }
}

}  // namespace
}  // namespace prefork::http
