#include "server/http/http_date.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kExample = 784111777;  // that of RFC 9110
constexpr std::int64_t kOctober2026 = 1792400000;

TEST(HttpDate, FormatsTheDatesOfTheSpecification) {
  EXPECT_EQ(format_http_date(kExample).view(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0).view(), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, FormatsLeapDaysAndDatesBehind2038) {
  EXPECT_EQ(format_http_date(951782400).view(), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(format_http_date(1709251199).view(), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(format_http_date(4102444800).view(), "Fri, 01 Jan 2100 00:00:00 GMT");
}

TEST(HttpDate, KeepsToFourDigitsOfTheYearWhateverTheClockSays) {
  EXPECT_EQ(format_http_date(-1).view(), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_http_date(std::numeric_limits<std::int64_t>::min()).view(),
            "Sat, 01 Jan 0000 00:00:00 GMT");
  EXPECT_EQ(format_http_date(std::numeric_limits<std::int64_t>::max()).view(),
            "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kOctober2026), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kOctober2026), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kOctober2026), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov 06 08:49:37 1994", kOctober2026), kExample);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", kOctober2026), kExample + 10 * 86400);
}

TEST(HttpDate, AgreesWithTheSystemsCalendarInBothDirections) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> seconds(-62167219200, 253402300799);
  for (int i = 0; i < 20000; ++i) {
    const std::time_t time = seconds(random);
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    char expected[40];
    std::strftime(expected, sizeof expected, "%a, %d %b ", &utc);
    std::string text = expected;
    const std::string year = std::to_string(utc.tm_year + 1900);
    text.append(4 - year.size(), '0').append(year);
    std::strftime(expected, sizeof expected, " %H:%M:%S GMT", &utc);
    text.append(expected);
    ASSERT_EQ(format_http_date(time).view(), text);
    ASSERT_EQ(parse_http_date(text, kOctober2026), time) << text;
    std::strftime(expected, sizeof expected, "%a %b %e %H:%M:%S ", &utc);
    ASSERT_EQ(parse_http_date(expected + text.substr(12, 4), kOctober2026), time) << text;
  }
}

TEST(HttpDate, KnowsEveryWeekdayAndDoesNotInsistOnTheRightOne) {
  for (const std::string day : {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}) {
    EXPECT_EQ(parse_http_date(day + ", 06 Nov 1994 08:49:37 GMT", kOctober2026), kExample) << day;
    EXPECT_EQ(parse_http_date(day + " Nov  6 08:49:37 1994", kOctober2026), kExample) << day;
  }
  for (const std::string day :
       {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}) {
    EXPECT_EQ(parse_http_date(day + ", 06-Nov-94 08:49:37 GMT", kOctober2026), kExample) << day;
  }
}

TEST(HttpDate, TwoDigitsOfAYearMeanNoMoreThanFiftyYearsInTheFuture) {
  struct Case {
    std::string_view now;
    std::string_view text;
    std::string_view meaning;
  };
  const Case cases[] = {
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
       "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Friday, 01-Jan-27 00:00:00 GMT",
       "Fri, 01 Jan 2027 00:00:00 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Saturday, 21-Nov-76 09:00:00 GMT",
       "Sat, 21 Nov 2076 09:00:00 GMT"},  // fifty years to the second
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Sunday, 21-Nov-76 09:00:01 GMT",
       "Sun, 21 Nov 1976 09:00:01 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Sunday, 22-Nov-76 00:00:00 GMT",
       "Mon, 22 Nov 1976 00:00:00 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Sunday, 01-Dec-76 00:00:00 GMT",
       "Wed, 01 Dec 1976 00:00:00 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Sunday, 31-Oct-76 23:59:59 GMT",
       "Sat, 31 Oct 2076 23:59:59 GMT"},
      {"Thu, 01 Jan 2099 00:00:00 GMT", "Monday, 01-Jan-05 00:00:00 GMT",
       "Thu, 01 Jan 2105 00:00:00 GMT"},  // across a century
      {"Thu, 01 Jan 2099 00:00:00 GMT", "Monday, 01-Jan-99 00:00:00 GMT",
       "Thu, 01 Jan 2099 00:00:00 GMT"},
      {"Sat, 21 Nov 2026 09:00:00 GMT", "Tuesday, 29-Feb-00 00:00:00 GMT",
       "Tue, 29 Feb 2000 00:00:00 GMT"},
  };
  for (const Case& c : cases) {
    const auto now = parse_http_date(c.now, 0);
    ASSERT_TRUE(now) << c.now;
    const auto time = parse_http_date(c.text, *now);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(format_http_date(*time).view(), c.meaning) << c.text << " seen at " << c.now;
  }
}

TEST(HttpDate, RefusesALeapDayOfTheYearThatTwoDigitsMean) {
  // In 2099, 00 is 2100, which has no 29 February, though 2000 had one.
  EXPECT_EQ(parse_http_date("Tuesday, 29-Feb-00 00:00:00 GMT", 4070908800), std::nullopt);
}

TEST(HttpDate, AClockOutOfAllBoundsDoesNoHarm) {
  constexpr auto kText = "Sunday, 06-Nov-94 08:49:37 GMT";
  EXPECT_EQ(parse_http_date(kText, std::numeric_limits<std::int64_t>::min()), kExample);
  EXPECT_TRUE(parse_http_date(kText, std::numeric_limits<std::int64_t>::max()));
}

TEST(HttpDate, TheLeapSecondIsTheNextDaysFirst) {
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kOctober2026),
            parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT", kOctober2026));
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:58:60 GMT", kOctober2026), std::nullopt);
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  const std::string_view cases[] = {
      "",
      "garbage",
      "0",
      "784111777",
      "Sun",
      "Sunday",
      "Sun,",
      "\0"sv,
      "Sun, 06 Nov 1994 08:49:37",        // without a zone
      "Sun, 06 Nov 1994 08:49:37 UTC",    // another zone
      "Sun, 06 Nov 1994 08:49:37 +0000",  //
      "Sun, 06 Nov 1994 08:49:37 gmt",    // names have case
      "sun, 06 Nov 1994 08:49:37 GMT",    //
      "Sun, 06 NOV 1994 08:49:37 GMT",    //
      "Sun, 6 Nov 1994 08:49:37 GMT",     // two digits
      "Sun, 06 Nov 94 08:49:37 GMT",      // four digits
      "Sun, 06 Nov 01994 08:49:37 GMT",   //
      "Sun, 06 Nov +994 08:49:37 GMT",    //
      "Sun, 06 Nov 1994 8:49:37 GMT",     //
      "Sun, 06 Nov 1994 08:49 GMT",       //
      "Sun, 06-Nov-1994 08:49:37 GMT",    // forms are not mixed
      "Sun, 06-Nov-94 08:49:37 GMT",      //
      "Sunday, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sunday Nov  6 08:49:37 1994",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov   6 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",    //
      "Xyz, 06 Nov 1994 08:49:37 GMT",   // names that do not exist
      "Sun, 06 Nox 1994 08:49:37 GMT",   //
      "Sun,  06 Nov 1994 08:49:37 GMT",  // spaces
      " Sun, 06 Nov 1994 08:49:37 GMT",  //
      "Sun, 06 Nov 1994 08:49:37 GMT ",  //
      "Sun,\t06 Nov 1994 08:49:37 GMT",  //
      "Sun, 06 Nov 1994 08:49:37 GMT\0"sv,
      "Sun, 06 Nov 1994 08:49:37 GMT, x",
      "Sun, 00 Nov 1994 08:49:37 GMT",     // the calendar
      "Sun, 31 Nov 1994 08:49:37 GMT",     //
      "Sun, 32 Dec 1994 08:49:37 GMT",     //
      "Wed, 29 Feb 2023 08:49:37 GMT",     //
      "Mon, 29 Feb 2100 08:49:37 GMT",     //
      "Sun Nov  0 08:49:37 1994",          //
      "Sun, 06 Nov 1994 24:00:00 GMT",     // the clock
      "Sun, 06 Nov 1994 23:60:00 GMT",     //
      "Sun, 06 Nov 1994 08:49:61 GMT",     //
      "Sun, 06 Nov 1994 08:49:3\xB9 GMT",  //
  };
  for (const std::string_view text : cases) {
    EXPECT_EQ(parse_http_date(text, kOctober2026), std::nullopt) << text;
  }
  EXPECT_EQ(parse_http_date(std::string(100'000, '9'), kOctober2026), std::nullopt);
}

TEST(HttpDate, OneChangedByteIsRefusedOrIsAnotherDateOfTheSameForm) {
  const std::string original = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (std::size_t at = 0; at < original.size(); ++at) {
    EXPECT_EQ(parse_http_date(original.substr(0, at), kOctober2026), std::nullopt) << at;
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = original;
      text[at] = static_cast<char>(byte);
      if (const auto time = parse_http_date(text, kOctober2026)) {
        EXPECT_EQ(format_http_date(*time).view().substr(4), text.substr(4)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace prefork::http
