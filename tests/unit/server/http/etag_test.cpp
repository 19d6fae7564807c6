#include "server/http/etag.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;
using Fields = std::vector<Field>;

TEST(EntityTag, ReadsStrongAndWeakTags) {
  const auto strong = parse_entity_tag("\"xyzzy\"");
  ASSERT_TRUE(strong);
  EXPECT_EQ(strong->opaque, "xyzzy");
  EXPECT_FALSE(strong->weak);
  const auto weak = parse_entity_tag("W/\"xyzzy\"");
  ASSERT_TRUE(weak);
  EXPECT_EQ(weak->opaque, "xyzzy");
  EXPECT_TRUE(weak->weak);
  EXPECT_TRUE(parse_entity_tag("\"\""));
  EXPECT_TRUE(parse_entity_tag("\"a,b\\'!\xFF\""));  // commas and backslashes mean nothing inside
}

TEST(EntityTag, RefusesWhatIsNoTag) {
  for (const std::string_view text :
       {""sv,          "x"sv,       "*"sv,          "\""sv,      "\"x"sv,      "x\""sv,
        "'x'"sv,       "w/\"x\""sv, "W\"x\""sv,     "W/x"sv,     "W/ \"x\""sv, "W/"sv,
        "\"x\" "sv,    " \"x\""sv,  "\"x\"y"sv,     "\"a b\""sv, "\"a\"b\""sv, "\"a\0b\""sv,
        "\"a\x7F\""sv, "\"a\t\""sv, "\"x\",\"y\""sv}) {
    EXPECT_FALSE(parse_entity_tag(text)) << text;
  }
}

TEST(EntityTag, ComparesAsInTheTableOfTheSpecification) {
  struct Case {
    EntityTag a;
    EntityTag b;
    bool strong;
    bool weak;
  };
  const Case cases[] = {
      {{"1", true}, {"1", true}, false, true},  {{"1", true}, {"2", true}, false, false},
      {{"1", true}, {"1", false}, false, true}, {{"1", false}, {"1", true}, false, true},
      {{"1", false}, {"1", false}, true, true}, {{"a", false}, {"A", false}, false, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(tags_match(c.a, c.b, TagComparison::strong), c.strong);
    EXPECT_EQ(tags_match(c.a, c.b, TagComparison::weak), c.weak);
  }
}

bool list_matches(const Fields& fields, TagComparison comparison = TagComparison::weak) {
  return tag_list_matches(fields, "if-none-match", EntityTag{"x", false}, true, comparison);
}

TEST(EntityTag, FindsTheCurrentTagAnywhereInAList) {
  for (const std::string_view list : {"\"x\""sv, "W/\"x\""sv, "\"a\", \"x\""sv, "\"a\",\"x\""sv,
                                      "\"x\",\"a\""sv, "\"a\" \t,\t \"x\" , \"b\""sv, ",, ,\"x\""sv,
                                      "\"x\",,"sv, "\"a,b\", \"x\""sv, " \"x\" "sv}) {
    EXPECT_TRUE(list_matches({{"If-None-Match", list}})) << list;
  }
  for (const std::string_view list : {""sv, "\"a\""sv, "\"X\""sv, ",,,"sv, "\"\""sv, "\"a,x\""sv,
                                      "\"a\", \"b\""sv, "\"xx\""sv, "\"x,\""sv}) {
    EXPECT_FALSE(list_matches({{"If-None-Match", list}})) << list;
  }
}

TEST(EntityTag, TheStrongComparisonSkipsWeakMembers) {
  EXPECT_FALSE(list_matches({{"If-None-Match", "W/\"x\""}}, TagComparison::strong));
  EXPECT_TRUE(list_matches({{"If-None-Match", "W/\"x\", \"x\""}}, TagComparison::strong));
}

TEST(EntityTag, SeveralLinesAreOneList) {
  EXPECT_TRUE(list_matches({{"If-None-Match", "\"a\""}, {"Y", ""}, {"IF-NONE-MATCH", "\"x\""}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "\"a\""}, {"If-Match", "\"x\""}}));
}

TEST(EntityTag, AStarIsTheWholeFieldOrNothing) {
  EXPECT_TRUE(list_matches({{"If-None-Match", "*"}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "*, \"a\""}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "\"a\", *"}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "*"}, {"If-None-Match", "\"a\""}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "\"*\""}}));
  EXPECT_FALSE(list_matches({{"If-None-Match", "**"}}));
}

TEST(EntityTag, AStarMatchesWhatExistsAndNothingElseMatchesWithoutATag) {
  const Fields star = {{"if-match", "*"}};
  const Fields tag = {{"if-match", "\"x\""}};
  constexpr auto kStrong = TagComparison::strong;
  EXPECT_TRUE(tag_list_matches(star, "if-match", std::nullopt, true, kStrong));
  EXPECT_FALSE(tag_list_matches(star, "if-match", std::nullopt, false, kStrong));
  EXPECT_FALSE(tag_list_matches(tag, "if-match", std::nullopt, true, kStrong));
  EXPECT_FALSE(tag_list_matches(tag, "if-match", EntityTag{"x", false}, false, kStrong));
}

TEST(EntityTag, AMalformedMemberMatchesNothingAndEndsAtTheNextComma) {
  for (const std::string_view list :
       {"x"sv, "\"x"sv, "x\""sv, "\"x\"y"sv, "\"x\" \"a\""sv, "w/\"x\""sv, "\"x\0\""sv, "\"x\"\0"sv,
        "\"x\";q=1"sv, "'x'"sv, "\"x x\""sv}) {
    EXPECT_FALSE(list_matches({{"If-None-Match", list}})) << list;
    const std::string before = "\"x\"," + std::string(list);
    EXPECT_TRUE(list_matches({{"If-None-Match", before}})) << before;
  }
  EXPECT_TRUE(list_matches({{"If-None-Match", "garbage, \"x\""}}));
  EXPECT_TRUE(list_matches({{"If-None-Match", "\"a\"b, \"x\""}}));
}

TEST(EntityTag, HugeListsAreReadOnce) {
  // A million bytes each: anything but linear time would show in the test's time limit.
  constexpr std::size_t kSize = 1'000'000;
  std::string tags;
  std::string starts;
  while (tags.size() < kSize) {
    tags += "\"abc\", ";
    starts += "\"a,W/";
  }
  for (const std::string& list :
       {std::string(kSize, ','), std::string(kSize, ' '), std::string(kSize, '"'),
        std::string(kSize, '\0'), '"' + std::string(kSize, 'x'), starts, tags}) {
    EXPECT_FALSE(list_matches({{"If-None-Match", list}}));
  }
  EXPECT_TRUE(list_matches({{"If-None-Match", tags + "\"x\""}}));
}

TEST(EntityTag, IsMadeOfTimeVersionSizeAndCoding) {
  EXPECT_EQ(make_entity_tag(18000, 0x123456789abcdef, 0x77).view(), "\"123456789abcdef-77-4650\"");
  EXPECT_EQ(make_entity_tag(18000, 0x123456789abcdef, 0x77, ContentCoding::br).view(),
            "\"123456789abcdef-77-4650-br\"");
  EXPECT_EQ(make_entity_tag(0, 0, 0).view(), "\"0-0-0\"");
}

TEST(EntityTag, HasRoomForAnyFileAndIsAStrongTag) {
  for (const auto coding :
       {ContentCoding::identity, ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd}) {
    for (const std::int64_t time : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}}) {
      const EntityTagText text = make_entity_tag(UINT64_MAX, time, UINT64_MAX, coding);
      const auto tag = parse_entity_tag(text.view());
      ASSERT_TRUE(tag) << text.view();
      EXPECT_FALSE(tag->weak);
    }
  }
}

TEST(EntityTag, DiffersByEachOfTimeVersionSizeAndCoding) {
  const EntityTagText base = make_entity_tag(1, 1, 1);
  EXPECT_NE(base.view(), make_entity_tag(2, 1, 1).view());
  EXPECT_NE(base.view(), make_entity_tag(1, 2, 1).view());
  EXPECT_NE(base.view(), make_entity_tag(1, 1, 2).view());
  EXPECT_NE(base.view(), make_entity_tag(1, 1, 1, ContentCoding::gzip).view());
  EXPECT_NE(make_entity_tag(1, 1, 1, ContentCoding::zstd).view(),
            make_entity_tag(1, 1, 1, ContentCoding::gzip).view());
}

}  // namespace
}  // namespace prefork::http
