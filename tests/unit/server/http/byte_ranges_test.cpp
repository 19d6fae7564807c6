#include "server/http/byte_ranges.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::http {

void PrintTo(const ByteRange& range, std::ostream* out) {
  *out << range.first << "-" << range.last;
}

namespace {

using namespace std::string_view_literals;
using Fields = std::vector<Field>;
using Ranges = std::vector<ByteRange>;

constexpr std::uint64_t kFileSize = 18000;

RangeSelection select(std::string_view value, std::uint64_t size = kFileSize) {
  return select_ranges(Method::get, Fields{{"Range", value}}, size);
}

Ranges partial(std::string_view value, std::uint64_t size = kFileSize) {
  const RangeSelection selection = select(value, size);
  EXPECT_EQ(selection.kind, RangeKind::partial) << value;
  return {selection.ranges().begin(), selection.ranges().end()};
}

TEST(ByteRanges, SelectsOneRange) {
  struct Case {
    std::string_view value;
    ByteRange range;
  };
  const Case cases[] = {
      {"bytes=0-4", {0, 4}},
      {"bytes=0-0", {0, 0}},
      {"bytes=-5", {17995, 17999}},
      {"bytes=-1", {17999, 17999}},
      {"bytes=9500-", {9500, 17999}},
      {"bytes=0-", {0, 17999}},
      {"bytes=17999-", {17999, 17999}},
      {"bytes=17999-17999", {17999, 17999}},
      {"bytes=10-18000", {10, 17999}},
      {"bytes=-18000", {0, 17999}},
      {"bytes=-18001", {0, 17999}},
      {"bytes=00000-0000000000000000000000000000000000000004", {0, 4}},
      {"BYTES=0-4", {0, 4}},
      {"Bytes= 0-4\t, ,", {0, 4}},
      {"bytes=,0-4", {0, 4}},
      {"bytes=17995-99999999999999999999", {17995, 17999}},
      {"bytes=17995-9999999999999999999999999999999999999999", {17995, 17999}},
      {"bytes=17995-18446744073709551615", {17995, 17999}},
      {"bytes=17995-18446744073709551616", {17995, 17999}},
      {"bytes=-9999999999999999999999999999999999999999", {0, 17999}},
      {"bytes=18000-,0-4", {0, 4}},  // what cannot be satisfied is left out
      {"bytes=-0,0-4,99999999999999999999-", {0, 4}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(partial(c.value), Ranges{c.range}) << c.value;
  }
}

TEST(ByteRanges, IgnoresWhatIsMalformedOrNotInBytes) {
  for (const std::string_view value : {""sv,
                                       "bytes"sv,
                                       "bytes="sv,
                                       "bytes= "sv,
                                       "bytes=,,"sv,
                                       "="sv,
                                       "=0-4"sv,
                                       "0-4"sv,
                                       "bytes=a-b"sv,
                                       "lines=0-4"sv,
                                       "bytes 0-4"sv,
                                       "bytes:0-4"sv,
                                       "bytes =0-4"sv,
                                       "byte=0-4"sv,
                                       "bytess=0-4"sv,
                                       "bytes=-"sv,
                                       "bytes=4"sv,
                                       "bytes=5-4"sv,
                                       "bytes=--5"sv,
                                       "bytes=0--4"sv,
                                       "bytes=0-4-8"sv,
                                       "bytes=0 -4"sv,
                                       "bytes=0- 4"sv,
                                       "bytes=+0-4"sv,
                                       "bytes=0-+4"sv,
                                       "bytes=0x0-4"sv,
                                       "bytes=0-4;"sv,
                                       "bytes=0-4 5-6"sv,
                                       "bytes=0-4,x"sv,
                                       "bytes=x,0-4"sv,
                                       "bytes=0-4,6-5"sv,
                                       "bytes=0-4,bytes=5-6"sv,
                                       "bytes=0-4\0"sv,
                                       "bytes=\0"sv,
                                       "bytes=1.0-4"sv,
                                       "bytes=\xB2-4"sv,
                                       "bytes==0-4"sv,
                                       "bytes=9999999999999999999999999999999999999999-5"sv}) {
    const RangeSelection selection = select(value);
    EXPECT_EQ(selection.kind, RangeKind::whole) << value;
    EXPECT_TRUE(selection.ranges().empty()) << value;
  }
}

TEST(ByteRanges, IsUnsatisfiableWhenNoneOfItExists) {
  for (const std::string_view value :
       {"bytes=18000-", "bytes=18000-18001", "bytes=-0", "bytes=-000", "bytes=-0,18000-",
        "bytes=18446744073709551615-", "bytes=9999999999999999999999999999999999999999-",
        "bytes=18446744073709551616-18446744073709551617"}) {
    EXPECT_EQ(select(value).kind, RangeKind::unsatisfiable) << value;
  }
}

TEST(ByteRanges, OfAnEmptyFileItsBeginningIsAllThereIs) {
  for (const std::string_view value : {"bytes=0-", "bytes=0-4", "bytes=-5", "bytes=7-,0-"}) {
    EXPECT_EQ(select(value, 0).kind, RangeKind::whole) << value;
  }
  for (const std::string_view value : {"bytes=1-", "bytes=1-4", "bytes=-0"}) {
    EXPECT_EQ(select(value, 0).kind, RangeKind::unsatisfiable) << value;
  }
}

TEST(ByteRanges, WorksUpToTheLargestFile) {
  constexpr std::uint64_t kMax = UINT64_MAX;
  EXPECT_EQ(partial("bytes=0-,-1", kMax), (Ranges{{0, kMax - 1}}));
  EXPECT_EQ(partial("bytes=18446744073709551614-", kMax), (Ranges{{kMax - 1, kMax - 1}}));
  EXPECT_EQ(select("bytes=18446744073709551615-", kMax).kind, RangeKind::unsatisfiable);
  EXPECT_EQ(partial("bytes=-1,0-0,5-5", kMax), (Ranges{{kMax - 1, kMax - 1}, {0, 0}, {5, 5}}));
}

TEST(ByteRanges, CountsForGetOnly) {
  for (const auto method :
       {Method::head, Method::post, Method::put, Method::options, Method::other}) {
    EXPECT_EQ(select_ranges(method, Fields{{"Range", "bytes=0-4"}}, kFileSize).kind,
              RangeKind::whole);
  }
}

TEST(ByteRanges, IsIgnoredWhenAbsentOrGivenTwice) {
  EXPECT_EQ(select_ranges(Method::get, {}, kFileSize).kind, RangeKind::whole);
  EXPECT_EQ(select_ranges(Method::get, Fields{{"If-Range", "bytes=0-4"}}, kFileSize).kind,
            RangeKind::whole);
  EXPECT_EQ(
      select_ranges(Method::get, Fields{{"Range", "bytes=0-4"}, {"range", "bytes=0-4"}}, kFileSize)
          .kind,
      RangeKind::whole);
  EXPECT_EQ(select_ranges(Method::get, Fields{{"X", ""}, {"rAnGe", "bytes=0-4"}}, kFileSize).kind,
            RangeKind::partial);
}

TEST(ByteRanges, KeepsSeveralRangesInTheOrderAskedFor) {
  EXPECT_EQ(partial("bytes=0-1,5-6"), (Ranges{{0, 1}, {5, 6}}));
  EXPECT_EQ(partial("bytes=500-600 ,\t9000-9001"), (Ranges{{500, 600}, {9000, 9001}}));
  EXPECT_EQ(partial("bytes=0-0,-1"), (Ranges{{0, 0}, {17999, 17999}}));
  EXPECT_EQ(partial("bytes=-1,5-6,0-0"), (Ranges{{17999, 17999}, {5, 6}, {0, 0}}));
}

TEST(ByteRanges, MergesRangesThatOverlapOrTouch) {
  EXPECT_EQ(partial("bytes=0-4,5-9"), (Ranges{{0, 9}}));
  EXPECT_EQ(partial("bytes=5-9,0-4"), (Ranges{{0, 9}}));
  EXPECT_EQ(partial("bytes=0-4,6-9"), (Ranges{{0, 4}, {6, 9}}));
  EXPECT_EQ(partial("bytes=0-4,2-3"), (Ranges{{0, 4}}));
  EXPECT_EQ(partial("bytes=2-3,0-4"), (Ranges{{0, 4}}));
  EXPECT_EQ(partial("bytes=500-700,601-999"), (Ranges{{500, 999}}));
  EXPECT_EQ(partial("bytes=90-99,0-9,40-49,5-45,20-"), (Ranges{{0, 17999}}));
  EXPECT_EQ(partial("bytes=90-99,0-9,40-49,8-41,20-22"), (Ranges{{90, 99}, {0, 49}}));
  EXPECT_EQ(partial("bytes=0-0,9-9,4-4,3-5,20-20"), (Ranges{{0, 0}, {9, 9}, {3, 5}, {20, 20}}));
}

std::string many_ranges(std::size_t count, const std::string& range) {
  std::string value = "bytes=" + range;
  for (std::size_t i = 1; i < count; ++i) {
    value += "," + range;
  }
  return value;
}

TEST(ByteRanges, MoreThanTheLimitIsIgnored) {
  EXPECT_EQ(partial(many_ranges(kMaxByteRanges, "0-")), (Ranges{{0, 17999}}));
  EXPECT_EQ(select(many_ranges(kMaxByteRanges + 1, "0-")).kind, RangeKind::whole);
  EXPECT_EQ(select(many_ranges(kMaxByteRanges + 1, "18000-")).kind, RangeKind::whole);
  EXPECT_EQ(select(many_ranges(1000, "0-")).kind, RangeKind::whole);
  EXPECT_EQ(select(many_ranges(100'000, "-1")).kind, RangeKind::whole);

  std::string apart = "bytes=0-0";
  for (std::size_t i = 1; i < kMaxByteRanges; ++i) {
    apart += "," + std::to_string(i * 2) + "-" + std::to_string(i * 2);
  }
  EXPECT_EQ(partial(apart).size(), kMaxByteRanges);
  EXPECT_EQ(select(apart + ",100-100").kind, RangeKind::whole);
}

TEST(ByteRanges, HugeFieldsAreReadOnce) {
  constexpr std::size_t kBytes = 1'000'000;
  EXPECT_EQ(select("bytes=" + std::string(kBytes, ',')).kind, RangeKind::whole);
  EXPECT_EQ(partial("bytes=" + std::string(kBytes, ',') + "0-4"), (Ranges{{0, 4}}));
  EXPECT_EQ(partial("bytes=0-4" + std::string(kBytes, ' ')), (Ranges{{0, 4}}));
  EXPECT_EQ(partial("bytes=0-" + std::string(kBytes, '9')), (Ranges{{0, 17999}}));
  EXPECT_EQ(partial("bytes=" + std::string(kBytes, '0') + "-4"), (Ranges{{0, 4}}));
  for (const char c : {'-', '=', '0', '\0', 'b'}) {
    EXPECT_EQ(select("bytes=" + std::string(kBytes, c)).kind, RangeKind::whole);
    EXPECT_EQ(select(std::string(kBytes, c)).kind, RangeKind::whole);
  }
}

TEST(ByteRanges, SelectsTheBytesThatAnyOfTheRangesNames) {
  std::mt19937_64 random(7);
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t size = 1 + below(40);
    std::set<std::uint64_t> wanted;
    std::string value = "bytes=";
    for (std::uint64_t i = 0, count = 1 + below(kMaxByteRanges); i < count; ++i) {
      std::uint64_t first = below(50);
      std::uint64_t last = first + below(4);
      if (below(8) == 0) {
        value += "-" + std::to_string(last);
        first = last >= size ? 0 : size - last;
        last = size - 1;
      } else {
        value += std::to_string(first) + "-" + std::to_string(last);
      }
      value += ",";
      for (std::uint64_t byte = first; byte <= last && byte < size; ++byte) {
        wanted.insert(byte);
      }
    }
    const RangeSelection selection = select(value, size);
    ASSERT_EQ(selection.kind, wanted.empty() ? RangeKind::unsatisfiable : RangeKind::partial);
    std::set<std::uint64_t> got;
    for (const ByteRange& range : selection.ranges()) {
      ASSERT_LE(range.first, range.last);
      for (std::uint64_t byte = range.first; byte <= range.last; ++byte) {
        ASSERT_TRUE(got.insert(byte).second) << value << " of " << size << ": twice " << byte;
      }
      ASSERT_FALSE(range.first > 0 && got.contains(range.first - 1)) << value << " touching";
    }
    ASSERT_EQ(got, wanted) << value << " of " << size;
  }
}

TEST(ByteRanges, AnyBytesGiveRangesInsideTheFile) {
  std::mt19937_64 random(8);
  constexpr auto kAlphabet = "0123456789--,,,,= \tbytes\0\xFF"sv;
  for (int round = 0; round < 50000; ++round) {
    std::string value = round % 2 == 0 ? "bytes=" : "";
    for (std::uint64_t i = random() % 40; i > 0; --i) {
      value += kAlphabet[random() % kAlphabet.size()];
    }
    const std::uint64_t size = random() >> (random() % 64);
    const RangeSelection selection = select(value, size);
    ASSERT_EQ(selection.kind == RangeKind::partial, selection.count != 0);
    for (const ByteRange& range : selection.ranges()) {
      ASSERT_LE(range.first, range.last) << value;
      ASSERT_LT(range.last, size) << value;
    }
  }
}

TEST(ByteRanges, SaysWhichBytesItSends) {
  EXPECT_EQ(content_range_text({0, 4}, kFileSize).view(), "bytes 0-4/18000");
  EXPECT_EQ(content_range_text({UINT64_MAX, UINT64_MAX}, UINT64_MAX).view(),
            "bytes 18446744073709551615-18446744073709551615/18446744073709551615");
  EXPECT_EQ(unsatisfied_range_text(kFileSize).view(), "bytes */18000");
  EXPECT_EQ(unsatisfied_range_text(0).view(), "bytes */0");
}

std::string multipart_body(const Multipart& multipart, const Ranges& ranges,
                           std::string_view content) {
  std::string body;
  for (const ByteRange& range : ranges) {
    append_part_head(body, multipart, range, body.empty());
    body += content.substr(range.first, range.size());
  }
  append_multipart_end(body, multipart);
  return body;
}

TEST(ByteRanges, WritesPartsBetweenBoundariesAndKnowsTheirLength) {
  const Multipart multipart = {"THIS_STRING_SEPARATES", "text/plain", 10};
  const Ranges ranges = {{0, 1}, {5, 6}};
  const std::string body = multipart_body(multipart, ranges, "0123456789");
  EXPECT_EQ(body,
            "--THIS_STRING_SEPARATES\r\n"
            "Content-Type: text/plain\r\n"
            "Content-Range: bytes 0-1/10\r\n"
            "\r\n"
            "01\r\n"
            "--THIS_STRING_SEPARATES\r\n"
            "Content-Type: text/plain\r\n"
            "Content-Range: bytes 5-6/10\r\n"
            "\r\n"
            "56\r\n"
            "--THIS_STRING_SEPARATES--\r\n");
  EXPECT_EQ(multipart_size(multipart, ranges), body.size());
}

TEST(ByteRanges, PartsOfUnknownTypeHaveNoContentType) {
  const Multipart multipart = {"b", "", 4};
  const Ranges ranges = {{3, 3}};
  const std::string body = multipart_body(multipart, ranges, "0123");
  EXPECT_EQ(body, "--b\r\nContent-Range: bytes 3-3/4\r\n\r\n3\r\n--b--\r\n");
  EXPECT_EQ(multipart_size(multipart, ranges), body.size());
}

TEST(ByteRanges, TheLengthIsRightForRangesOfAnyNumberOfDigits) {
  const std::string content(12'345, 'x');
  const Multipart multipart = {"0123456789abcdef", "application/octet-stream", content.size()};
  Ranges ranges;
  for (std::uint64_t first = 0; first + 100 < content.size(); first = first * 3 + 7) {
    ranges.push_back({first, first + first % 5});
    EXPECT_EQ(multipart_size(multipart, ranges), multipart_body(multipart, ranges, content).size());
  }
}

}  // namespace
}  // namespace prefork::http
