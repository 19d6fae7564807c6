// The parser's promise that it does not matter how the bytes were cut.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/server/http1/parser_corpus.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::http1 {
namespace {

using namespace testing_parser;

// Small enough that short messages reach them.
ParserLimits tight_limits() {
  ParserLimits limits;
  limits.request_line_bytes = 40;
  limits.header_bytes = 90;
  limits.header_count = 4;
  limits.body_bytes = 8;
  return limits;
}

// Messages at and over each tight limit, each breaking one rule only.
std::vector<Message> messages_at_the_limits() {
  const std::string line = "GET /" + repeat("a", 26) + " HTTP/1.1";  // 40 bytes
  const std::string line_1_0 = "GET /" + repeat("a", 26) + " HTTP/1.0";
  const std::string long_line = "GET /" + repeat("a", 27) + " HTTP/1.1";
  const std::string value = repeat("v", 90 - kGet.size() - 7);
  return {
      {500, line + "\r\nHost: a\r\n\r\n", kAccepted},
      {501, line_1_0 + "\r\n\r\n", kAccepted},
      {502, long_line + "\r\nHost: a\r\n\r\n", 414},
      {503, kGet + "X: " + value + "\r\n\r\n", kAccepted},
      {504, kGet + "X: " + value + "v\r\n\r\n", 431},
      {505, "\r\n\r\n" + kGet + "X: " + value + "\r\n\r\n", kAccepted},
      {506, kGet + "A:\r\nB:\r\nC:\r\n\r\n", kAccepted},
      {507, kGet + "A:\r\nB:\r\nC:\r\nD:\r\n\r\n", 431},
      {508, kPost + "Content-Length: 8\r\n\r\n12345678", kAccepted},
      {509, kPost + "Content-Length: 9\r\n\r\n123456789", 413},
      {510, kChunked + "5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n", kAccepted},
      {511, kChunked + "5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n", 413},
      {512, kChunked + "9\r\n123456789\r\n0\r\n\r\n", 413},
      {513, kChunked + "0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n", kAccepted},
      {514, kChunked + "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n", 431},
      {515, kChunked + "0\r\nA: " + repeat("v", 83) + "\r\n\r\n", kAccepted},
      {516, kChunked + "0\r\nA: " + repeat("v", 84) + "\r\n\r\n", 431},
      {517, repeat("\r\n", 8) + kGet + "\r\n", kAccepted},
      {518, repeat("\r\n", 9) + kGet + "\r\n", 400},
  };
}

// Messages that break two rules: which one is named must not depend on the cuts either.
std::vector<Message> messages_with_two_faults() {
  const std::string long_line = "GET /" + repeat("a", 40);
  const std::string long_value = repeat("v", 90);
  return {
      {530, long_line + " HTTP/2.0\r\nHost: a\r\n\r\n", 414},
      {531, long_line + "\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {532, long_line + " HTTP/1.1\r\nHost: a\r\nX: " + long_value + "\r\n\r\n", 414},
      {533, "GET /" + repeat("a", 30) + " HTTP/1.1\r\nHost: a\r\nX: " + long_value + "\r\n\r\n",
       414},
      {534, kGet + "X: " + long_value + "\x01\r\n\r\n", 431},
      {535, long_line + " HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n", 414},
      {536, kPost + "X: " + long_value + "\r\nContent-Length: z\r\n\r\n", 431},
      {537, kGet + "A:\r\nB:\r\nC:\r\nD(: v\r\n\r\n", 400},
      {538, kChunked + "0\r\n" + repeat("A", 90) + "(: v\r\n\r\n", 431},
      {539, kChunked + "0\r\nA: " + long_value + "\x01\r\n\r\n", 431},
      {540, kChunked + "0\r\nA(: " + long_value + "\r\n\r\n", 400},
      {541, kChunked + "9\r\n123456789!!\r\n0\r\n\r\n", 413},
  };
}

void expect_the_same_at_every_cut(const std::vector<Message>& messages,
                                  const ParserLimits& limits) {
  for (const Message& message : messages) {
    const Outcome whole = feed(message.bytes, limits);
    const auto where = [&message] {
      return "message " + std::to_string(message.number) + ": " +
             testing::PrintToString(message.bytes);
    };
    EXPECT_EQ(feed(message.bytes, every_byte(message.bytes.size()), limits), whole)
        << "byte by byte, " << where();
    for (std::size_t cut = 1; cut < message.bytes.size(); ++cut) {
      const Outcome cut_in_two = feed(message.bytes, {cut}, limits);
      if (!(cut_in_two == whole)) {
        ADD_FAILURE() << "cut at " << cut << ", " << where()
                      << "\n  whole: " << testing::PrintToString(whole)
                      << "\n  cut:   " << testing::PrintToString(cut_in_two);
        break;
      }
    }
  }
}

void expect_codes(const std::vector<Message>& messages, const ParserLimits& limits) {
  for (const Message& message : messages) {
    const Outcome outcome = feed(message.bytes, limits);
    EXPECT_EQ(outcome.code(), message.code)
        << "message " << message.number << ": " << testing::PrintToString(message.bytes) << "\n"
        << testing::PrintToString(outcome);
  }
}

TEST(RequestParserCuts, DoNotChangeWhatARequestLineMeans) {
  expect_the_same_at_every_cut(request_line_messages(), {});
}
TEST(RequestParserCuts, DoNotChangeWhatATargetOrHostMeans) {
  expect_the_same_at_every_cut(target_and_host_messages(), {});
}
TEST(RequestParserCuts, DoNotChangeWhatAFieldMeans) {
  expect_the_same_at_every_cut(field_messages(), {});
}
TEST(RequestParserCuts, DoNotChangeHowABodyIsFramed) {
  expect_the_same_at_every_cut(framing_messages(), {});
}
TEST(RequestParserCuts, DoNotChangeWhatAChunkMeans) {
  expect_the_same_at_every_cut(chunk_messages(), {});
}

TEST(RequestParserCuts, DoNotChangeWhatATabMeans) {
  const std::vector<std::string> fields = {
      "Connection: close\t\r\n", "Content-Length: 0 \t \r\n", "X:\t\r\nY: a\t b\t\r\n",
      "X: v\r\n\t\r\n",          "Content-Length: 5\t6\r\n",  "X: \t\t\rX\r\n",
      "Content-Length: 0\t\n",   "Transfer-Encoding: \t,\r\n"};
  std::vector<Message> messages;
  for (const std::string& line : fields) {
    messages.push_back({600 + static_cast<int>(messages.size()), kGet + line + "\r\n", kAccepted});
  }
  messages.push_back({620, kGet + "X: v" + repeat("\t", 100) + "\r\n\r\n", 431});
  expect_the_same_at_every_cut(messages, tight_limits());
  expect_the_same_at_every_cut(messages, {});
}

TEST(RequestParserCuts, DoNotMoveALimit) {
  expect_codes(messages_at_the_limits(), tight_limits());
  expect_the_same_at_every_cut(messages_at_the_limits(), tight_limits());
}

TEST(RequestParserCuts, DoNotChangeWhichOfTwoFaultsIsNamed) {
  expect_codes(messages_with_two_faults(), tight_limits());
  expect_the_same_at_every_cut(messages_with_two_faults(), tight_limits());
}

// The limit of the extensions is too large for every cut.
TEST(RequestParserCuts, DoNotChangeWhatEndsALongSizeLine) {
  const std::string line = kChunked + "1;" + repeat("a", 16'600);
  for (const std::string& message : {line + "\x01\r\n", line + "\r\nx\r\n0\r\n\r\n"}) {
    EXPECT_EQ(feed(message).code(), 431);
    EXPECT_EQ(feed(message, {100, 5000, 16'000, 16'460, 16'480}), feed(message));
  }
}

TEST(RequestParserCuts, DoNotMatterAtManyRandomPlaces) {
  std::mt19937 random(7230);
  const std::vector<Message> messages = all_messages();
  for (int round = 0; round < 2000; ++round) {
    const Message& message = messages[random() % messages.size()];
    std::vector<std::size_t> cuts;
    for (std::size_t at = 1; at < message.bytes.size(); ++at) {
      if (random() % 8 == 0) {
        cuts.push_back(at);
      }
    }
    ASSERT_EQ(feed(message.bytes, cuts), feed(message.bytes))
        << "message " << message.number << " cut at " << testing::PrintToString(cuts);
  }
}

}  // namespace
}  // namespace prefork::http1
