#include "server/http/conditional.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::http {

void PrintTo(Precondition result, std::ostream* out) {
  *out << (result == Precondition::proceed        ? "proceed"
           : result == Precondition::not_modified ? "not modified"
                                                  : "failed");
}

namespace {

using Fields = std::vector<Field>;

constexpr std::int64_t kModified = 784111777;
constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::int64_t kNow = 1792400000;
constexpr Validators kCurrent = {"\"now\"", kModified, true};

constexpr auto kProceed = Precondition::proceed;
constexpr auto kNotModified = Precondition::not_modified;
constexpr auto kFailed = Precondition::failed;

struct ConditionalCase {
  Fields fields;
  Precondition get;  // HEAD is the same
  Precondition put;
};

void check(const std::vector<ConditionalCase>& cases, const Validators& current = kCurrent) {
  for (const ConditionalCase& c : cases) {
    std::string told;
    for (const Field& field : c.fields) {
      told.append(field.name).append(": ").append(field.value).append("\n");
    }
    EXPECT_EQ(evaluate_conditions(Method::get, c.fields, current, kNow), c.get) << told;
    EXPECT_EQ(evaluate_conditions(Method::head, c.fields, current, kNow), c.get) << told;
    for (const auto method :
         {Method::put, Method::post, Method::patch, Method::delete_, Method::other}) {
      EXPECT_EQ(evaluate_conditions(method, c.fields, current, kNow), c.put) << told;
    }
    for (const auto method : {Method::options, Method::trace, Method::connect}) {
      EXPECT_EQ(evaluate_conditions(method, c.fields, current, kNow), kProceed) << told;
    }
  }
}

TEST(Conditional, WithoutConditionsTheMethodProceeds) {
  check({{{}, kProceed, kProceed},
         {{{"Host", "a"}, {"If", "x"}, {"If-", "x"}, {"I", ""}, {"If-Matc", "*"}},
          kProceed,
          kProceed}});
}

TEST(Conditional, IfMatchFailsUnlessATagMatchesStrongly) {
  check({{{{"If-Match", "\"x\""}}, kFailed, kFailed},
         {{{"If-Match", "\"now\""}}, kProceed, kProceed},
         {{{"if-match", "\"x\", \"now\""}}, kProceed, kProceed},
         {{{"If-Match", "\"x\""}, {"If-Match", "\"now\""}}, kProceed, kProceed},
         {{{"If-Match", "W/\"now\""}}, kFailed, kFailed},
         {{{"If-Match", "*"}}, kProceed, kProceed},
         {{{"If-Match", "now"}}, kFailed, kFailed},
         {{{"If-Match", ""}}, kFailed, kFailed}});
}

TEST(Conditional, AWeakTagNeverSatisfiesIfMatch) {
  check({{{{"If-Match", "W/\"now\""}}, kFailed, kFailed},
         {{{"If-Match", "\"now\""}}, kFailed, kFailed}},
        {"W/\"now\"", kModified, true});
}

TEST(Conditional, IfNoneMatchIsNotModifiedForReadingAndFailedForWriting) {
  check({{{{"If-None-Match", "*"}}, kNotModified, kFailed},
         {{{"If-None-Match", "\"now\""}}, kNotModified, kFailed},
         {{{"If-None-Match", "W/\"now\""}}, kNotModified, kFailed},
         {{{"If-None-Match", "\"x\", W/\"now\""}}, kNotModified, kFailed},
         {{{"If-None-Match", "\"x\""}, {"If-None-Match", "\"now\""}}, kNotModified, kFailed},
         {{{"If-None-Match", "\"x\""}}, kProceed, kProceed},
         {{{"If-None-Match", "now"}}, kProceed, kProceed},
         {{{"If-None-Match", "\"now"}}, kProceed, kProceed},
         {{{"If-None-Match", ""}}, kProceed, kProceed}});
}

TEST(Conditional, IfModifiedSinceCountsForReadingOnly) {
  check({{{{"If-Modified-Since", kBefore}}, kProceed, kProceed},
         {{{"If-Modified-Since", kSame}}, kNotModified, kProceed},
         {{{"If-Modified-Since", kAfter}}, kNotModified, kProceed},
         {{{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, kNotModified, kProceed},
         {{{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}, kNotModified, kProceed}});
}

TEST(Conditional, IfUnmodifiedSinceFailsWhenModifiedLater) {
  check({{{{"If-Unmodified-Since", kBefore}}, kFailed, kFailed},
         {{{"If-Unmodified-Since", "Sat, 01 Jan 1994 00:00:00 GMT"}}, kFailed, kFailed},
         {{{"If-Unmodified-Since", kSame}}, kProceed, kProceed},
         {{{"If-Unmodified-Since", kAfter}}, kProceed, kProceed}});
}

TEST(Conditional, DatesThatAreInvalidOrCameTwiceAreIgnored) {
  check(
      {{{{"If-Modified-Since", "garbage"}}, kProceed, kProceed},
       {{{"If-Modified-Since", ""}}, kProceed, kProceed},
       {{{"If-Modified-Since", "99999999999999999999999999999999999999999"}}, kProceed, kProceed},
       {{{"If-Modified-Since", kSame}, {"If-Modified-Since", kSame}}, kProceed, kProceed},
       {{{"If-Unmodified-Since", "garbage"}}, kProceed, kProceed},
       {{{"If-Unmodified-Since", kBefore}, {"If-Unmodified-Since", kBefore}}, kProceed, kProceed}});
}

TEST(Conditional, TagsWinOverDates) {
  check({{{{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}}, kProceed, kProceed},
         {{{"If-Modified-Since", kAfter}, {"If-None-Match", "garbage"}}, kProceed, kProceed},
         {{{"If-None-Match", "\"now\""}, {"If-Modified-Since", kBefore}}, kNotModified, kFailed},
         {{{"If-Match", "\"now\""}, {"If-Unmodified-Since", kBefore}}, kProceed, kProceed},
         {{{"If-Match", "\"x\""}, {"If-Unmodified-Since", kAfter}}, kFailed, kFailed}});
}

TEST(Conditional, TheConditionsThatProtectComeBeforeThoseThatSave) {
  check({{{{"If-None-Match", "\"now\""}, {"If-Match", "\"x\""}}, kFailed, kFailed},
         {{{"If-None-Match", "\"now\""}, {"If-Match", "\"now\""}}, kNotModified, kFailed},
         {{{"If-Modified-Since", kSame}, {"If-Unmodified-Since", kBefore}}, kFailed, kFailed},
         {{{"If-Modified-Since", kSame}, {"If-Unmodified-Since", kSame}}, kNotModified, kProceed},
         {{{"If-Modified-Since", kSame}, {"If-Match", "\"now\""}}, kNotModified, kProceed},
         {{{"If-None-Match", "\"now\""}, {"If-Unmodified-Since", kBefore}}, kFailed, kFailed}});
}

TEST(Conditional, WithoutARepresentationOnlyAStarCanTell) {
  check({{{{"If-Match", "*"}}, kFailed, kFailed},
         {{{"If-Match", "\"now\""}}, kFailed, kFailed},
         {{{"If-None-Match", "*"}}, kProceed, kProceed},
         {{{"If-None-Match", "\"now\""}}, kProceed, kProceed},
         {{{"If-Unmodified-Since", kBefore}}, kProceed, kProceed}},
        {"", std::nullopt, false});
}

TEST(Conditional, WithoutValidatorsTagsDoNotMatchAndDatesAreIgnored) {
  check({{{{"If-Match", "*"}}, kProceed, kProceed},
         {{{"If-Match", "\"\""}}, kFailed, kFailed},
         {{{"If-None-Match", "*"}}, kNotModified, kFailed},
         {{{"If-None-Match", "\"\""}}, kProceed, kProceed},
         {{{"If-Modified-Since", kAfter}}, kProceed, kProceed},
         {{{"If-Unmodified-Since", kBefore}}, kProceed, kProceed}},
        {"", std::nullopt, true});
}

bool holds(const Fields& fields, const Validators& current = kCurrent, std::int64_t now = kNow) {
  return if_range_holds(fields, current, now);
}

TEST(IfRange, HoldsWhenAbsentOrForTheSameStrongTag) {
  EXPECT_TRUE(holds({}));
  EXPECT_TRUE(holds({{"Range", "bytes=0-4"}}));
  EXPECT_TRUE(holds({{"if-range", "\"now\""}}));
}

TEST(IfRange, DoesNotHoldForAnotherTagAWeakOneOrAListOfThem) {
  EXPECT_FALSE(holds({{"If-Range", "\"x\""}}));
  EXPECT_FALSE(holds({{"If-Range", "W/\"now\""}}));
  EXPECT_FALSE(holds({{"If-Range", "\"now\", \"x\""}}));
  EXPECT_FALSE(holds({{"If-Range", "*"}}));
  EXPECT_FALSE(holds({{"If-Range", "\"now\""}, {"If-Range", "\"now\""}}));
  EXPECT_FALSE(holds({{"If-Range", "\"now\""}}, {"W/\"now\"", kModified, true}));
  EXPECT_FALSE(holds({{"If-Range", "W/\"now\""}}, {"W/\"now\"", kModified, true}));
  EXPECT_FALSE(holds({{"If-Range", "\"\""}}, {"", kModified, true}));
}

TEST(IfRange, HoldsForExactlyTheDateOfTheLastModification) {
  EXPECT_TRUE(holds({{"If-Range", kSame}}));
  EXPECT_FALSE(holds({{"If-Range", kBefore}}));
  EXPECT_FALSE(holds({{"If-Range", kAfter}}));
  EXPECT_FALSE(holds({{"If-Range", kSame}}, {"\"now\"", std::nullopt, true}));
  EXPECT_FALSE(holds({{"If-Range", "garbage"}}));
  EXPECT_FALSE(holds({{"If-Range", ""}}));
  EXPECT_FALSE(holds({{"If-Range", "garbage"}}, {"", std::nullopt, true}));
}

TEST(IfRange, ADateIsNoProofWhileItsSecondLasts) {
  EXPECT_FALSE(holds({{"If-Range", kSame}}, kCurrent, kModified - 1));
  EXPECT_FALSE(holds({{"If-Range", kSame}}, kCurrent, kModified));
  EXPECT_TRUE(holds({{"If-Range", kSame}}, kCurrent, kModified + 1));
}

}  // namespace
}  // namespace prefork::http
