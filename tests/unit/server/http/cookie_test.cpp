#include "server/http/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;
using Fields = std::vector<Field>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs read_all(const Fields& fields) {
  Pairs pairs;
  CookieReader reader(fields);
  while (const auto cookie = reader.next()) {
    pairs.emplace_back(cookie->name, cookie->value);
  }
  EXPECT_FALSE(reader.next());
  return pairs;
}

TEST(Cookie, ReadsThePairsInTheirOrder) {
  struct Case {
    std::string_view value;
    Pairs pairs;
  };
  const Case cases[] = {
      {"SID=31d4d96e407aad42", {{"SID", "31d4d96e407aad42"}}},
      {"SID=31d4d96e407aad42; lang=en-US", {{"SID", "31d4d96e407aad42"}, {"lang", "en-US"}}},
      {"a=1;b=2;  c=3", {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {"a=1; a=2", {{"a", "1"}, {"a", "2"}}},
      {"a=", {{"a", ""}}},
      {"a=b=c==", {{"a", "b=c=="}}},
      {"a=\"x\"", {{"a", "x"}}},
      {"a=\"\"", {{"a", ""}}},
      {"a=\"", {{"a", "\""}}},
      {"a=\"x; b=y\"", {{"a", "\"x"}, {"b", "y\""}}},  // quotes do not hide a semicolon
      {" a\t=\tx ; b = y z ", {{"a", "x"}, {"b", "y z"}}},
      {"a=x,y {\"k\":1}", {{"a", "x,y {\"k\":1}"}}},
      {"a=%20+", {{"a", "%20+"}}},  // not decoded
      {"a=\xC3\xA9", {{"a", "\xC3\xA9"}}},
      {"__Host-id=1; $Version=2; a.b!=3", {{"__Host-id", "1"}, {"$Version", "2"}, {"a.b!", "3"}}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(read_all({{"Cookie", c.value}}), c.pairs) << c.value;
  }
}

TEST(Cookie, PassesOverPiecesWithoutAName) {
  const Pairs only_b = {{"b", "2"}};
  for (const std::string_view piece :
       {""sv, " "sv, "a"sv, "=1"sv, "="sv, " =1"sv, "a b=1"sv, "a,c=1"sv, "a\0=1"sv, "\xC3\xA9=1"sv,
        "a[0]=1"sv, "\"a\"=1"sv, "a:c=1"sv, "a\x01=1"sv}) {
    const std::string before = std::string(piece) + ";b=2";
    const std::string after = "b=2; " + std::string(piece);
    EXPECT_EQ(read_all({{"Cookie", before}}), only_b) << before;
    EXPECT_EQ(read_all({{"Cookie", after}}), only_b) << after;
  }
}

TEST(Cookie, ReadsAllCookieFieldsAndNoOthers) {
  EXPECT_EQ(read_all({{"Cookie", "a=1"},
                      {"Set-Cookie", "x=1"},
                      {"COOKIE", ""},
                      {"cookie", "b=2; c=3"},
                      {"Cookie2", "y=1"}}),
            (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(read_all({}), Pairs());
}

TEST(Cookie, FindsTheFirstOfAName) {
  const Fields fields = {{"Cookie", "a=1; b=2"}, {"Cookie", "a=3; A=4; c="}};
  EXPECT_EQ(find_cookie(fields, "a"), "1");
  EXPECT_EQ(find_cookie(fields, "b"), "2");
  EXPECT_EQ(find_cookie(fields, "A"), "4");
  EXPECT_EQ(find_cookie(fields, "c"), "");
  EXPECT_EQ(find_cookie(fields, "d"), std::nullopt);
  EXPECT_EQ(find_cookie(fields, ""), std::nullopt);
}

TEST(Cookie, HugeFieldsAreReadOnce) {
  constexpr std::size_t kSize = 1'000'000;
  for (const char c : {';', '=', ',', ' ', '"', 'x', '\0'}) {
    const std::string value = std::string(kSize, c) + "; end=1";
    EXPECT_EQ(find_cookie(Fields{{"Cookie", value}}, "end"), "1");
  }
  std::string many;
  for (int i = 0; i < 100'000; ++i) {
    many += "a=1;";
  }
  EXPECT_EQ(read_all({{"Cookie", many}}).size(), 100'000U);
}

}  // namespace
}  // namespace prefork::http
