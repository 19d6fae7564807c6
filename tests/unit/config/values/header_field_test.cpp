#include "config/values/header_field.h"

#include <gtest/gtest.h>

namespace prefork::config {
namespace {

HeaderField field_of(std::string_view text) {
  const auto parsed = parse_header_field(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.problem().text;
  return parsed.ok() ? parsed.value() : HeaderField{};
}

std::string header_field_problem(std::string_view text) {
  const auto parsed = parse_header_field(text);
  return parsed.ok() ? "is fine" : parsed.problem().text;
}

TEST(HeaderField, IsANameAndAValueWithoutWhiteSpaceAtItsEnds) {
  EXPECT_EQ(field_of("X-Served-By:shop"), (HeaderField{"X-Served-By", "shop"}));
  EXPECT_EQ(field_of("x-a: \t b:c, d \t"), (HeaderField{"x-a", "b:c, d"}));
  EXPECT_EQ(field_of("X-Empty:"), (HeaderField{"X-Empty", ""}));
  EXPECT_EQ(field_of("X-Empty: "), (HeaderField{"X-Empty", ""}));
  EXPECT_EQ(field_of("Server: shop"), (HeaderField{"Server", "shop"}));
  EXPECT_EQ(field_of("X-Name: M\xc3\xbcller"), (HeaderField{"X-Name", "M\xc3\xbcller"}));
}

TEST(HeaderField, WritesWhatItReads) {
  for (const char* text : {"X-Served-By: shop", "X-Empty:", "Cache-Control: no-cache, private"}) {
    EXPECT_EQ(field_of(text).text(), text);
  }
}

TEST(HeaderField, SaysWhatIsWrong) {
  const std::string no_name = " is not the name of a header; use letters, digits and hyphens";
  const struct {
    std::string_view text;
    std::string problem;
  } cases[] = {
      {"X-A", "'X-A' has no colon; use one as in X-Served-By: shop"},
      {":b", "''" + no_name},
      {"X A:b", "'X A'" + no_name},
      {"X-A :b", "'X-A '" + no_name},
      {"X-A\n:b", "'X-A\\x0a'" + no_name},
      {"X-\xc3\xa4:b", "'X-\xc3\xa4'" + no_name},
      {"X-A:b\r\nX-C:d", "the value of X-A has a control character in it: 'b\\x0d\\x0aX-C:d'"},
      {"X-A:b\nc", "the value of X-A has a control character in it: 'b\\x0ac'"},
      {std::string_view("X-A:b\0c", 7),
       "the value of X-A has a control character in it: 'b\\x00c'"},
      {"X-A:b\x7f", "the value of X-A has a control character in it: 'b\\x7f'"},
      {"Content-Length:5", "Content-Length follows from each response; it cannot be set"},
      {"transfer-ENCODING:x", "transfer-ENCODING follows from each response; it cannot be set"},
      {"Connection:close", "Connection follows from each request; it cannot be set"},
      {"date:now", "date is the time of each response; --no-date-header leaves it out"},
  };
  for (const auto& [text, problem] : cases) EXPECT_EQ(header_field_problem(text), problem) << text;
}

TEST(HeaderField, HasABoundedLength) {
  const std::string longest = "A:" + std::string(kMaxHeaderFieldBytes - 2, 'b');
  EXPECT_EQ(field_of(longest).value.size(), kMaxHeaderFieldBytes - 2);
  EXPECT_EQ(header_field_problem(longest + "b"), "A has 8193 bytes; a header has at most 8192");
}

}  // namespace
}  // namespace prefork::config
