#include "server/http/method_set.h"

#include <gtest/gtest.h>
#include <llhttp.h>

#include <set>
#include <string>

#include "server/http1/request_parser.h"

namespace prefork::http {
namespace {

TEST(MethodNumber, IsThatOfTheNamedMethods) {
  EXPECT_EQ(method_number("GET"), static_cast<MethodNumber>(Method::get));
  EXPECT_EQ(method_number("DELETE"), static_cast<MethodNumber>(Method::delete_));
  EXPECT_EQ(method_number("TRACE"), static_cast<MethodNumber>(Method::trace));
  EXPECT_EQ(method_name(static_cast<MethodNumber>(Method::patch)), "PATCH");
}

TEST(MethodNumber, IsNoneForWhatNoRequestHas) {
  for (const std::string_view name : {"", "get", "Get", "FOO", "GET ", "CONNECT", "PRI"}) {
    EXPECT_EQ(method_number(name), kNoMethod) << name;
  }
}

// What the parser lets through can have a route, and a route can be for nothing else.
TEST(MethodNumber, ExistsForExactlyTheMethodsThatTheParserLetsThrough) {
  std::set<MethodNumber> numbers;
  std::size_t found = 0;
  for (int i = 0; i < 64; ++i) {
    const bool is_one = [i] {
      switch (i) {
#define PREFORK_CASE(number, name, text) case number:
        HTTP_ALL_METHOD_MAP(PREFORK_CASE)
#undef PREFORK_CASE
        return true;
        default:
          return false;
      }
    }();
    if (!is_one) {
      continue;
    }
    const std::string name = llhttp_method_name(static_cast<llhttp_method_t>(i));
    const std::string target = name == "CONNECT" ? "a:1" : "/";
    const std::string bytes = name + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    http1::RequestParser parser{http1::ParserLimits{}};
    const bool passes = parser.parse_head(bytes) == http1::ParseStatus::complete;
    const MethodNumber number = method_number(name);
    EXPECT_EQ(number != kNoMethod, passes) << name;
    if (passes) {
      ++found;
      numbers.insert(number);
      EXPECT_LT(number, 64) << name;
      EXPECT_EQ(method_number(parser.request()), number) << name;
      EXPECT_EQ(method_name(number), name);
    }
  }
  EXPECT_GT(found, 30U);
  EXPECT_EQ(numbers.size(), found) << "two methods with one number";
}

TEST(MethodSet, HoldsWhatWasAdded) {
  MethodSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.to_text(), "");
  set.add(method_number("PURGE"));
  EXPECT_TRUE(set.contains(method_number("PURGE")));
  EXPECT_FALSE(set.contains(method_number("GET")));
  EXPECT_FALSE(set.empty());
  EXPECT_EQ(set.to_text(), "PURGE");
}

TEST(MethodSet, IsWrittenInOneOrderHoweverItWasMade) {
  MethodSet some;
  for (const std::string_view name : {"PROPFIND", "POST", "HEAD"}) {
    some.add(method_number(name));
  }
  MethodSet all;
  all.add(method_number("GET"));
  all.add(method_number("OPTIONS"));
  all.add(method_number("POST"));
  all.add(some);
  EXPECT_EQ(all.to_text(), "OPTIONS, GET, HEAD, POST, PROPFIND");
}

}  // namespace
}  // namespace prefork::http
