// The fast path beside llhttp: it takes the heads that are usual, says the same of them as llhttp,
// and leaves everything else alone.
#include "server/http1/fast_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/server/http1/parser_corpus.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::http1 {
namespace {

using namespace testing_parser;

const std::string kBrowserHead =
    "GET /shop/basket?item=12&dot=../x HTTP/1.1\r\nHost: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";

bool is_taken(std::string_view message, const ParserLimits& limits = {}) {
  RequestParser parser(limits);
  return parser.parse_head(message) == ParseStatus::complete && !parser.used_llhttp();
}

Outcome feed_with(const HeadScanner* scanner, std::string_view message,
                  const std::vector<std::size_t>& cuts, const ParserLimits& limits) {
  RequestParser parser(limits, scanner);
  return Feeder(parser).feed(message, cuts);
}

// With each scanner, and with the best one cut in two everywhere, against llhttp alone.
void expect_the_same_as_llhttp(const std::string& message, const ParserLimits& limits) {
  SCOPED_TRACE(testing::PrintToString(message));
  const Outcome record = feed_with(nullptr, message, {}, limits);
  for (const HeadScanner& scanner : head_scanners()) {
    ASSERT_EQ(feed_with(&scanner, message, {}, limits), record) << scanner.name;
  }
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    ASSERT_EQ(feed_with(&best_head_scanner(), message, {cut}, limits), record) << "cut at " << cut;
  }
}

std::vector<std::string> corpus_files(std::string_view target) {
  const std::filesystem::path folder = std::filesystem::path(PREFORK_FUZZ_CORPUS) / target;
  std::vector<std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return contents;
}

TEST(FastHead, TakesWhatNearlyEverybodySends) {
  EXPECT_TRUE(is_taken("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(is_taken(kBrowserHead));
  EXPECT_TRUE(is_taken("POST /a/b.html HTTP/1.1\r\nhost: a:80\r\ncontent-length: 3\r\n\r\nabc"));
  EXPECT_TRUE(is_taken("GET /a%20b/../c?x=%&y=\\ HTTP/1.1\r\nHost:a\r\nX:\r\nY:   \r\n\r\n"));
  EXPECT_TRUE(is_taken("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \xFF\r\n\r\n"));
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_TRUE(is_taken(method + " / HTTP/1.1\r\nHost: a\r\n\r\n")) << method;
  }
}

TEST(FastHead, LeavesTheUnusualToLlhttp) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& message : {std::string("\r\n") + get + "\r\n",
                                     std::string("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
                                     std::string("GET / HTTP/1.1\nHost: a\n\n"),
                                     std::string("LOCK / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                     std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
                                     std::string("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
                                     get + "X:\tv\r\n\r\n",
                                     get + "Transfer-Encoding: chunked\r\n\r\n",
                                     get + "Upgrade: h2c\r\n\r\n",
                                     get + "Expect: 100-continue\r\n\r\n",
                                     get + "Content-Length: 5, 5\r\n\r\n",
                                     get + "Content-Length: 0000000000000000005\r\n\r\n",
                                     get + "X: a\r\n b\r\n\r\n",
                                     get + "X : a\r\n\r\n",
                                     get + ": a\r\n\r\n",
                                     get + "X: a\rb\r\n\r\n",
                                     get + "X: a\n\r\n",
                                     get + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
                                     get + "Content-Length:\r\n\r\n",
                                     get + "X: a\x7F\r\n\r\n",
                                     get + repeat("A: b\r\n", 64) + "\r\n",
                                     get + "X: " + repeat("v", 1000) + "\r\n\r\n",
                                     get + "\r",
                                     get}) {
    EXPECT_FALSE(is_taken(message)) << testing::PrintToString(message);
    expect_the_same_as_llhttp(message, {});
  }
}

TEST(FastHead, KeepsTheLimits) {
  ParserLimits limits;
  limits.request_line_bytes = 14;
  EXPECT_TRUE(is_taken("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits));
  EXPECT_FALSE(is_taken("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", limits));
  limits = {};
  limits.header_bytes = 27;
  EXPECT_TRUE(is_taken("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits));
  EXPECT_FALSE(is_taken("GET / HTTP/1.1\r\nHost: ab\r\n\r\n", limits));
  limits = {};
  limits.header_count = 1;
  EXPECT_TRUE(is_taken("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits));
  EXPECT_FALSE(is_taken("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n", limits));
}

TEST(FastHead, TakesUpToAKibibyteAndSixtyFourFields) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string longest = get + "X: " + repeat("v", 1024 - get.size() - 7) + "\r\n\r\n";
  ASSERT_EQ(longest.size(), 1024U);
  EXPECT_TRUE(is_taken(longest));
  EXPECT_TRUE(is_taken(longest + "GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(is_taken(get + repeat("A: b\r\n", 63) + "\r\n"));
  expect_the_same_as_llhttp(longest, {});
}

TEST(FastHead, IsFoundInFrontOfOtherRequests) {
  for (const std::string& next :
       {kBrowserHead, std::string("\x16\x03 what is that?"), repeat("\r\n", 99)}) {
    for (const std::string& first :
         {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), kBrowserHead}) {
      RequestParser parser{ParserLimits{}};
      const std::string both = first + next;
      ASSERT_EQ(parser.parse_head(both), ParseStatus::complete);
      EXPECT_FALSE(parser.used_llhttp());
      EXPECT_EQ(parser.head_size(), first.size());
    }
  }
}

// The same object reads them in turn, as a session does.
TEST(FastHead, LeavesNothingBehindForTheNextMessage) {
  RequestParser parser{ParserLimits{}};
  RequestParser record{ParserLimits{}, nullptr};
  std::mt19937 random(9112);
  const std::vector<Message> messages = all_messages();
  for (int round = 0; round < 3000; ++round) {
    const Message& message = messages[random() % messages.size()];
    ASSERT_EQ(Feeder(parser).feed(message.bytes, {}), Feeder(record).feed(message.bytes, {}))
        << message.number;
    parser.reset();
    record.reset();
  }
}

TEST(FastHead, SaysWhatLlhttpSaysOfEveryMessage) {
  for (const Message& message : all_messages()) {
    expect_the_same_as_llhttp(message.bytes, {});
  }
}

// With one byte changed, for each byte, to each of those that mean something somewhere.
TEST(FastHead, SaysWhatLlhttpSaysOfEveryByte) {
  const std::string heads[] = {"GET /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
                               "POST / HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n"};
  for (const std::string& head : heads) {
    for (std::size_t at = 0; at < head.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        std::string changed = head;
        changed[at] = static_cast<char>(value);
        ASSERT_EQ(feed_with(&best_head_scanner(), changed, {}, {}),
                  feed_with(nullptr, changed, {}, {}))
            << testing::PrintToString(changed);
      }
    }
  }
}

TEST(FastHead, SaysWhatLlhttpSaysOfTheFuzzersCorpora) {
  struct Corpus {
    std::string_view target;
    std::size_t control_bytes;  // in front of what a client sends
  };
  for (const Corpus& corpus :
       {Corpus{"fast_head", 4}, Corpus{"request_head", 5}, Corpus{"request_stream", 5}}) {
    const std::vector<std::string> contents = corpus_files(corpus.target);
    EXPECT_FALSE(contents.empty()) << corpus.target;
    for (const std::string& content : contents) {
      expect_the_same_as_llhttp(content.substr(std::min(content.size(), corpus.control_bytes)), {});
    }
  }
}

}  // namespace
}  // namespace prefork::http1
