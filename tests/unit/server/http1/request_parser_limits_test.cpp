// Each limit of the parser at its exact boundary, and with the sizes attackers choose.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/http1/parser_corpus.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::http1 {
namespace {

using namespace testing_parser;

std::string line_of(std::size_t size) {
  const std::string frame = "GET / HTTP/1.1";
  return "GET /" + std::string(size - frame.size(), 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string head_of(std::size_t size) {
  const std::string frame = kGet + "X: \r\n\r\n";
  return kGet + "X: " + std::string(size - frame.size(), 'v') + "\r\n\r\n";
}

TEST(RequestParserLimits, TheRequestLineEndsExactlyAtItsLimit) {
  const ParserLimits limits;
  EXPECT_EQ(feed(line_of(limits.request_line_bytes)).code(), 200);
  EXPECT_EQ(feed(line_of(limits.request_line_bytes + 1)).code(), 414);
  EXPECT_EQ(feed(line_of(70'000)).code(), 414);
}

TEST(RequestParserLimits, EightThousandOctetsOfRequestLineWork) {
  EXPECT_EQ(feed("GET /" + std::string(7900, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").code(), 200);
}

TEST(RequestParserLimits, AnUnfinishedLongRequestLineIsRefusedBeforeItEnds) {
  const std::string line = "GET /" + std::string(9000, 'a');
  EXPECT_EQ(feed(line).code(), 414);
  EXPECT_EQ(feed("GET /" + std::string(8192 - 5 + 1, 'a')).code(), 100);
  EXPECT_EQ(feed("GET /" + std::string(8192 - 5 + 3, 'a')).code(), 414);
}

TEST(RequestParserLimits, AnEndlessMethodIsRefused) {
  EXPECT_EQ(feed(std::string(70'000, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n").code(), 400);
  EXPECT_EQ(feed(std::string(70'000, 'A')).code(), 400);
}

TEST(RequestParserLimits, ALongMethodIsAnUnknownOne) {
  const std::string rest = " / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(feed(std::string(33, 'A') + rest).code(), 501);
  EXPECT_EQ(feed(std::string(8'000, 'A') + rest).code(), 501);
  EXPECT_EQ(feed(std::string(33, 'A')).code(), 100) << "whatever follows";
  EXPECT_EQ(feed(std::string(33, 'A') + "(" + rest).code(), 400) << "no token";
  EXPECT_EQ(feed(std::string(33, 'A') + "\r\n").code(), 400) << "no request line";
}

TEST(RequestParserLimits, TheHeadEndsExactlyAtItsLimit) {
  const ParserLimits limits;
  EXPECT_EQ(feed(head_of(limits.header_bytes)).code(), 200);
  EXPECT_EQ(feed(head_of(limits.header_bytes + 1)).code(), 431);
  EXPECT_EQ(feed(kGet + "X: " + std::string(70'000, 'a') + "\r\n\r\n").code(), 431);
}

TEST(RequestParserLimits, AnUnfinishedLongHeadIsRefusedBeforeItEnds) {
  const ParserLimits limits;
  const std::string start = kGet + "X: ";
  EXPECT_EQ(feed(start + std::string(limits.header_bytes - start.size() - 1, 'v')).code(), 100);
  EXPECT_EQ(feed(start + std::string(limits.header_bytes - start.size() + 1, 'v')).code(), 431);
}

TEST(RequestParserLimits, ALongFieldNameCountsLikeALongValue) {
  EXPECT_EQ(feed(kGet + std::string(70'000, 'X')).code(), 431);
}

TEST(RequestParserLimits, TheFieldsAreCountedExactly) {
  const ParserLimits limits;
  EXPECT_EQ(feed(kGet + repeat("X: v\r\n", limits.header_count - 1) + "\r\n").code(), 200);
  EXPECT_EQ(feed(kGet + repeat("X: v\r\n", limits.header_count) + "\r\n").code(), 431);
  EXPECT_EQ(feed(kGet + repeat("X: v\r\n", 20'000) + "\r\n").code(), 431);
}

TEST(RequestParserLimits, BlankLinesBeforeARequestAreCounted) {
  EXPECT_EQ(feed(repeat("\r\n", 8) + kGet + "\r\n").code(), 200);
  EXPECT_EQ(feed(repeat("\r\n", 9) + kGet + "\r\n").code(), 400);
  EXPECT_EQ(feed(repeat("\r\n", 1000)).code(), 400);
}

TEST(RequestParserLimits, BlankLinesDoNotCountAsHead) {
  const ParserLimits limits;
  EXPECT_EQ(feed(repeat("\r\n", 8) + head_of(limits.header_bytes)).code(), 200);
  EXPECT_EQ(feed(repeat("\r\n", 8) + line_of(limits.request_line_bytes)).code(), 200);
}

TEST(RequestParserLimits, ADeclaredBodyIsRefusedBeforeItComes) {
  const ParserLimits limits;
  const auto head = [](std::size_t size) {
    return kPost + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  EXPECT_EQ(feed(head(limits.body_bytes)).code(), 100);
  EXPECT_EQ(feed(head(limits.body_bytes) + std::string(limits.body_bytes, 'x')).code(), 200);
  EXPECT_EQ(feed(head(limits.body_bytes + 1)).code(), 413);
}

TEST(RequestParserLimits, AChunkedBodyEndsExactlyAtItsLimit) {
  ParserLimits limits;
  limits.body_bytes = 1000;
  const std::string chunk = "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_EQ(feed(kChunked + repeat(chunk, 10) + "0\r\n\r\n", limits).code(), 200);
  EXPECT_EQ(feed(kChunked + repeat(chunk, 10) + "1\r\nx\r\n0\r\n\r\n", limits).code(), 413);
}

TEST(RequestParserLimits, AChunkOverTheLimitIsRefusedBeforeItComes) {
  ParserLimits limits;
  limits.body_bytes = 10;
  EXPECT_EQ(feed(kChunked + "A\r\n", limits).code(), 100);
  EXPECT_EQ(feed(kChunked + "B\r\n", limits).code(), 413);
  EXPECT_EQ(feed(kChunked + "7FFFFFFF\r\n", limits).code(), 413);
  EXPECT_EQ(feed(kChunked + "9\r\n012345678\r\n2\r\n", limits).code(), 413);
}

TEST(RequestParserLimits, ABodyLimitOfZeroAllowsEmptyBodies) {
  ParserLimits limits;
  limits.body_bytes = 0;
  EXPECT_EQ(feed(kPost + "Content-Length: 0\r\n\r\n", limits).code(), 200);
  EXPECT_EQ(feed(kChunked + "0\r\n\r\n", limits).code(), 200);
  EXPECT_EQ(feed(kPost + "Content-Length: 1\r\n\r\n", limits).code(), 413);
  EXPECT_EQ(feed(kChunked + "1\r\nx\r\n0\r\n\r\n", limits).code(), 413);
}

// What a size line may always have: sixteen digits, CR and LF. The rest counts.
constexpr std::size_t kPlainLine = 18;

TEST(RequestParserLimits, ExtensionsAreCountedOverTheWholeBody) {
  const auto line_of_size = [](std::size_t size) {
    const std::string frame = "1;\r\n";
    return "1;" + std::string(size - frame.size(), 'a') + "\r\nx\r\n";
  };
  EXPECT_EQ(feed(kChunked + line_of_size(kPlainLine + 16 * 1024) + "0\r\n\r\n").code(), 200);
  EXPECT_EQ(feed(kChunked + line_of_size(kPlainLine + 16 * 1024 + 1) + "0\r\n\r\n").code(), 431);
  EXPECT_EQ(feed(kChunked + line_of_size(70'000) + "0\r\n\r\n").code(), 431);
  const std::string kilobyte = line_of_size(kPlainLine + 1024);
  EXPECT_EQ(feed(kChunked + repeat(kilobyte, 16) + "0\r\n\r\n").code(), 200);
  EXPECT_EQ(feed(kChunked + repeat(kilobyte, 17) + "0\r\n\r\n").code(), 431);
}

TEST(RequestParserLimits, ExtensionValuesCountLikeTheirNames) {
  EXPECT_EQ(feed(kChunked + "1;a=" + std::string(17'000, 'b') + "\r\nx\r\n0\r\n\r\n").code(), 431);
  EXPECT_EQ(feed(kChunked + "1;a=\"" + std::string(17'000, 'b') + "\"\r\nx\r\n0\r\n\r\n").code(),
            431);
}

TEST(RequestParserLimits, AnUnfinishedLongSizeLineIsRefusedBeforeItEnds) {
  EXPECT_EQ(feed(kChunked + "1;" + std::string(16'000, 'a')).code(), 100);
  EXPECT_EQ(feed(kChunked + "1;" + std::string(17'000, 'a')).code(), 431);
}

TEST(RequestParserLimits, AnyNumberOfPlainSizeLinesIsNoExtension) {
  const std::string plain = "0000000000000001\r\nx\r\n";
  EXPECT_EQ(feed(kChunked + repeat(plain, 5000) + "0\r\n\r\n").code(), 200);
}

TEST(RequestParserLimits, TrailersAreLimitedLikeTheHead) {
  const ParserLimits limits;
  const auto with_trailers = [](std::string trailers) {
    return kChunked + "0\r\n" + std::move(trailers) + "\r\n";
  };
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", limits.header_count))).code(), 200);
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", limits.header_count + 1))).code(), 431);
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", 20'000))).code(), 431);
  const std::string frame = "X: \r\n\r\n";
  const auto section_of = [&](std::size_t size) {
    return with_trailers("X: " + std::string(size - frame.size(), 'v') + "\r\n");
  };
  EXPECT_EQ(feed(section_of(limits.header_bytes)).code(), 200);
  EXPECT_EQ(feed(section_of(limits.header_bytes + 1)).code(), 431);
}

TEST(RequestParserLimits, AnUnfinishedLongTrailerIsRefusedBeforeItEnds) {
  EXPECT_EQ(feed(kChunked + "0\r\nX: " + std::string(70'000, 'v')).code(), 431);
  EXPECT_EQ(feed(kChunked + "0\r\n" + std::string(70'000, 'X')).code(), 431);
}

TEST(RequestParserLimits, ZerosBeforeAChunkSizeCountLikeExtensions) {
  EXPECT_EQ(feed(kChunked + std::string(16 * 1024, '0') + "1\r\nx\r\n0\r\n\r\n").code(), 200);
  EXPECT_EQ(feed(kChunked + std::string(17'000, '0')).code(), 431);
}

// A connection may drop blank lines as they come; that must not make their number endless.
TEST(RequestParserLimits, DroppedBlankLinesGoOnCounting) {
  RequestParser parser{ParserLimits{}};
  for (int line = 0; line < 8; ++line) {
    ASSERT_EQ(parser.parse_head("\r\n"), ParseStatus::need_more);
    ASSERT_EQ(parser.drop_blank_lines("\r\n"), 2U);
    ASSERT_TRUE(parser.dropped_blank_lines());
  }
  EXPECT_EQ(parser.parse_head("\r\n"), ParseStatus::error);
  parser.reset();
  EXPECT_FALSE(parser.dropped_blank_lines());
  EXPECT_EQ(parser.parse_head("\r\n"), ParseStatus::need_more);
}

TEST(RequestParserLimits, ARequestBehindDroppedBlankLinesIsRead) {
  RequestParser parser{ParserLimits{}};
  const std::string request = kGet + "\r\n";
  ASSERT_EQ(parser.parse_head("\r\n\r\n"), ParseStatus::need_more);
  ASSERT_EQ(parser.drop_blank_lines("\r\n\r\n"), 4U);
  ASSERT_EQ(parser.parse_head(request.substr(0, 5)), ParseStatus::need_more);
  ASSERT_EQ(parser.drop_blank_lines(request.substr(0, 5)), 0U) << "there is a request in them";
  ASSERT_EQ(parser.parse_head(request), ParseStatus::complete);
  EXPECT_EQ(parser.head_size(), request.size());
}

}  // namespace
}  // namespace prefork::http1
