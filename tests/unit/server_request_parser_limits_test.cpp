// Each limit of the parser at its exact boundary, and with the sizes attackers choose.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server_parser_corpus.h"
#include "tests/unit/server_parser_support.h"

namespace prefork {
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

TEST(RequestParserLimits, AChunkOverTheLimitIsRefusedByItsFirstByteTooMany) {
  ParserLimits limits;
  limits.body_bytes = 10;
  EXPECT_EQ(feed(kChunked + "7FFFFFFF\r\n0123456789", limits).code(), 100);
  EXPECT_EQ(feed(kChunked + "7FFFFFFF\r\n0123456789x", limits).code(), 413);
}

TEST(RequestParserLimits, ABodyLimitOfZeroAllowsEmptyBodies) {
  ParserLimits limits;
  limits.body_bytes = 0;
  EXPECT_EQ(feed(kPost + "Content-Length: 0\r\n\r\n", limits).code(), 200);
  EXPECT_EQ(feed(kChunked + "0\r\n\r\n", limits).code(), 200);
  EXPECT_EQ(feed(kPost + "Content-Length: 1\r\n\r\n", limits).code(), 413);
  EXPECT_EQ(feed(kChunked + "1\r\nx\r\n0\r\n\r\n", limits).code(), 413);
}

TEST(RequestParserLimits, ExtensionsAreCountedOverTheWholeBody) {
  const auto with_extension = [](std::size_t size) {
    return "1;" + std::string(size, 'a') + "\r\nx\r\n";
  };
  EXPECT_EQ(feed(kChunked + with_extension(16 * 1024) + "0\r\n\r\n").code(), 200);
  EXPECT_EQ(feed(kChunked + with_extension(16 * 1024 + 1) + "0\r\n\r\n").code(), 431);
  EXPECT_EQ(feed(kChunked + with_extension(70'000) + "0\r\n\r\n").code(), 431);
  EXPECT_EQ(feed(kChunked + repeat(with_extension(1024), 16) + "0\r\n\r\n").code(), 200);
  EXPECT_EQ(feed(kChunked + repeat(with_extension(1024), 17) + "0\r\n\r\n").code(), 431);
}

TEST(RequestParserLimits, ExtensionValuesCountLikeTheirNames) {
  EXPECT_EQ(feed(kChunked + "1;a=" + std::string(17'000, 'b') + "\r\nx\r\n0\r\n\r\n").code(), 431);
  EXPECT_EQ(feed(kChunked + "1;a=\"" + std::string(17'000, 'b') + "\"\r\nx\r\n0\r\n\r\n").code(),
            431);
}

TEST(RequestParserLimits, TrailersAreLimitedLikeFields) {
  const ParserLimits limits;
  const auto with_trailers = [](std::string trailers) {
    return kChunked + "0\r\n" + std::move(trailers) + "\r\n";
  };
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", limits.header_count))).code(), 200);
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", limits.header_count + 1))).code(), 431);
  EXPECT_EQ(feed(with_trailers(repeat("X: v\r\n", 20'000))).code(), 431);
  EXPECT_EQ(feed(with_trailers("X: " + std::string(limits.header_bytes - 1, 'v') + "\r\n")).code(),
            200);
  EXPECT_EQ(feed(with_trailers("X: " + std::string(limits.header_bytes, 'v') + "\r\n")).code(),
            431);
}

TEST(RequestParserLimits, AnUnfinishedLongTrailerIsRefusedBeforeItEnds) {
  EXPECT_EQ(feed(kChunked + "0\r\nX: " + std::string(70'000, 'v')).code(), 431);
  EXPECT_EQ(feed(kChunked + "0\r\n" + std::string(70'000, 'X')).code(), 431);
}

TEST(RequestParserLimits, ZerosBeforeAChunkSizeAreNotKept) {
  const Outcome outcome = feed(kChunked + std::string(100'000, '0') + "1\r\nx\r\n0\r\n\r\n");
  EXPECT_TRUE(outcome.code() == 200 || outcome.code() == 400) << testing::PrintToString(outcome);
}

}  // namespace
}  // namespace prefork
