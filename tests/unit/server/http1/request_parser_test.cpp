// What the parser decides about each kind of message, and what it says of those it accepts.
#include "server/http1/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/server/http1/parser_corpus.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::http1 {
namespace {

using namespace testing_parser;

void expect_codes(const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    const Outcome outcome = feed(message.bytes);
    EXPECT_EQ(outcome.code(), message.code)
        << "message " << message.number << ": " << testing::PrintToString(message.bytes) << "\n"
        << testing::PrintToString(outcome);
    if (outcome.status == ParseStatus::error) {
      EXPECT_FALSE(outcome.detail.empty()) << "message " << message.number;
    }
  }
}

TEST(RequestParser, JudgesRequestLines) { expect_codes(request_line_messages()); }
TEST(RequestParser, JudgesTargetsAndHosts) { expect_codes(target_and_host_messages()); }
TEST(RequestParser, JudgesFields) { expect_codes(field_messages()); }
TEST(RequestParser, JudgesBodyFraming) { expect_codes(framing_messages()); }
TEST(RequestParser, JudgesChunks) { expect_codes(chunk_messages()); }

TEST(RequestParser, TellsEverythingAboutARequest) {
  const Outcome outcome = feed(
      "PUT /a%20b/../c?d=%20e HTTP/1.1\r\nHost: example.com:80\r\nX-One: 1\r\nx-two:\t two words "
      "\t\r\n"
      "X-Empty:\r\nX-One: again\r\nContent-Length: 3\r\n\r\nabcGET");
  ASSERT_EQ(outcome.code(), 200);
  EXPECT_EQ(outcome.method, "PUT");
  EXPECT_EQ(outcome.target, "/a%20b/../c?d=%20e");
  EXPECT_EQ(outcome.path, "/c");
  EXPECT_EQ(outcome.query, "d=%20e");
  EXPECT_EQ(outcome.host, "example.com:80");
  EXPECT_EQ(outcome.version_minor, 1);
  EXPECT_EQ(outcome.body, "abc");
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"Host", "example.com:80"}, {"X-One", "1"},         {"x-two", "two words"}, {"X-Empty", ""},
      {"X-One", "again"},         {"Content-Length", "3"}};
  EXPECT_EQ(outcome.fields, fields);
}

TEST(RequestParser, KnowsTheMethods) {
  const std::vector<std::pair<std::string, http::Method>> methods = {
      {"GET", http::Method::get},         {"HEAD", http::Method::head},
      {"POST", http::Method::post},       {"PUT", http::Method::put},
      {"PATCH", http::Method::patch},     {"DELETE", http::Method::delete_},
      {"OPTIONS", http::Method::options}, {"TRACE", http::Method::trace},
      {"PROPFIND", http::Method::other},  {"PURGE", http::Method::other},
      {"M-SEARCH", http::Method::other}};
  for (const auto& [text, method] : methods) {
    RequestParser parser{ParserLimits{}};
    const std::string bytes = text + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(parser.parse_head(bytes), ParseStatus::complete) << text;
    EXPECT_EQ(parser.request().method, method) << text;
    EXPECT_EQ(parser.request().method_text, text);
  }
}

TEST(RequestParser, TheAuthorityOfTheTargetWinsOverHost) {
  EXPECT_EQ(feed("GET http://b:81/x HTTP/1.1\r\nHost: a\r\n\r\n").host, "b:81");
  EXPECT_EQ(feed("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").host, "a");
  EXPECT_EQ(feed("GET /x HTTP/1.0\r\n\r\n").host, "");
}

TEST(RequestParser, KnowsWhetherTheConnectionIsKept) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    const Outcome outcome = feed("GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n");
    EXPECT_EQ(outcome.code(), 200) << version << " " << fields;
    return outcome.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: keep-alive\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: foo\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: Upgrade\r\nUpgrade: foo\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: foo, Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close, keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close\t\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection:\t \tclose \t\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: foo\t,\tclose\t,\t\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close,\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection:\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: clo\tse\r\n"));
  EXPECT_TRUE(keeps("1.0", "Connection: ,\tkeep-alive\t\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.0", "Connection: foo\r\n"));
}

TEST(RequestParser, WhiteSpaceAroundAValueIsNoPartOfIt) {
  for (const std::string space : {"", " ", "\t", " \t", "\t ", "\t\t  \t"}) {
    SCOPED_TRACE(testing::PrintToString(space));
    EXPECT_EQ(feed(kPost + "Content-Length:" + space + "5" + space + "\r\n\r\nhello").body,
              "hello");
    const Outcome chunked = feed(kPost + "Transfer-Encoding:" + space + "chunked" + space +
                                 "\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.body, "hello");
    EXPECT_EQ(feed(kGet + "X:" + space + "a\tb" + space + "\r\n\r\n").fields.back().second, "a\tb");
    EXPECT_EQ(feed(kGet + "Expect:" + space + "\r\n\r\n").code(), 200);
  }
}

// Tabs where they are more than that, and lines that they do not end.
TEST(RequestParser, ATabLetsNoOtherFramingIn) {
  for (const std::string fields :
       {"Content-Length: 5\t6\r\n", "Content-Length: 5\t,5\r\n", "Content-Length:\t\r\n",
        "Content-Length\t: 5\r\n", "Content-Length: 5\t\rX\r\n", "Content-Length: 5\t\n",
        "X: v\r\n\tContent-Length: 5\r\n", "X: v\r\n\t\r\n", "\tX: v\r\n", "X\t\r\n",
        "Transfer-Encoding:\t\r\nContent-Length: 5\r\n", "Transfer-Encoding: chun\tked\r\n",
        "Transfer-Encoding: chunked\t,\tchunked\t\r\n",
        "Transfer-Encoding: \x0b"
        "chunked\t\r\n",
        "Transfer-Encoding: chunked\t\r\nContent-Length: 5\t\r\n",
        "Content-Length: 5\t\r\nContent-Length: 5\r\n"}) {
    EXPECT_EQ(feed(kPost + fields + "\r\nhello").code(), 400) << testing::PrintToString(fields);
  }
}

TEST(RequestParser, EmptyMembersOfAnExpectationCountForNothing) {
  const auto expects = [](const std::string& fields) {
    const Outcome outcome = feed(kPost + fields + "Content-Length: 1\r\n\r\nx");
    EXPECT_EQ(outcome.code(), 200) << fields;
    return outcome.expects_continue;
  };
  EXPECT_FALSE(expects("Expect:\r\n"));
  EXPECT_FALSE(expects("Expect: , ,\t,\r\n"));
  EXPECT_TRUE(expects("Expect: 100-continue,\r\n"));
  EXPECT_TRUE(expects("Expect: ,100-Continue , 100-continue\t\r\n"));
  EXPECT_TRUE(expects("Expect: 100-continue\r\nExpect:\r\n"));
  EXPECT_EQ(feed(kPost + "Expect: 100-continue, foo\r\n\r\n").code(), 417);
  EXPECT_EQ(feed(kPost + "Expect: 100-continue;\r\n\r\n").code(), 417);
}

TEST(RequestParser, MethodsOfOtherProtocolsAreUnknown) {
  for (const std::string method :
       {"DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "RECORD", "ANNOUNCE", "GET_PARAMETER",
        "REDIRECT", "FLUSH", "PRI", "FOO", "get", "BASELINE-CONTROL"}) {
    for (const std::string target : {"/", "*", "rtsp://a/b", "a:1"}) {
      EXPECT_EQ(feed(method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").code(), 501)
          << method << " " << target;
    }
  }
}

TEST(RequestParser, ExpectsContinueOfHttp11Only) {
  const std::string fields = "Host: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_TRUE(feed("POST / HTTP/1.1\r\n" + fields).expects_continue);
  EXPECT_FALSE(feed("POST / HTTP/1.0\r\n" + fields).expects_continue);
  EXPECT_FALSE(feed(kPost + "\r\n").expects_continue);
}

TEST(RequestParser, AnUnderscoreIsNoHyphen) {
  const Outcome outcome = feed(kPost + "Content_Length: 99\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_EQ(outcome.code(), 200);
  EXPECT_EQ(outcome.body, "hi");
}

TEST(RequestParser, ReadsALengthWithLeadingZerosAsDecimal) {
  EXPECT_EQ(feed(kPost + "Content-Length: 010\r\n\r\n0123456789").body, "0123456789");
}

TEST(RequestParser, ARequestInABodyIsABody) {
  const std::string inner = "GET /x HTTP/1.1\r\nHost: smuggled\r\n";
  const Outcome outcome =
      feed(kGet + "Content-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner);
  EXPECT_EQ(outcome.body, inner);
}

TEST(RequestParser, JoinsChunksAndDropsExtensionsAndTrailers) {
  const Outcome outcome =
      feed(kChunked +
           "5;a=b;c=\"x;y\"\r\nhello\r\n1\r\n \r\n00A;z\r\n0123456789\r\n000\r\n"
           "X-T: v\r\nHost: evil\r\n\r\n");
  ASSERT_EQ(outcome.code(), 200);
  EXPECT_EQ(outcome.body, "hello 0123456789");
  EXPECT_EQ(outcome.host, "a");
  EXPECT_EQ(outcome.fields.size(), 2U) << "trailers are never merged into the head";
}

TEST(RequestParser, ATrailerDoesNotChangeWhetherTheConnectionIsKept) {
  RequestParser parser{ParserLimits{}};
  ASSERT_EQ(parser.parse_head(kChunked), ParseStatus::complete);
  std::string body;
  std::size_t consumed = 0;
  ASSERT_EQ(parser.consume_body("0\r\nConnection: close\r\n\r\n", body, consumed),
            ParseStatus::complete);
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, LeavesWhatFollowsAMessage) {
  for (const Message& message : all_messages()) {
    if (message.code != kAccepted) {
      continue;
    }
    for (const std::string follower : {"X", "\r\n", "GET / HTTP/1.1\r\n", "\x01"}) {
      const Outcome outcome = feed(message.bytes + follower);
      EXPECT_EQ(outcome.code(), 200) << "message " << message.number;
      EXPECT_EQ(outcome.consumed, message.bytes.size()) << "message " << message.number;
    }
  }
}

TEST(RequestParser, TakesPipelinedMessagesOneByOneWithOneObject) {
  const std::vector<std::string> messages = {
      kGet + "\r\n",
      kPost + "Content-Length: 3\r\n\r\nabc",
      "\r\n" + kChunked + "3\r\nxyz\r\n0\r\nT: v\r\n\r\n",
      "HEAD /%41 HTTP/1.0\r\n\r\n",
      kChunked + "0\r\n\r\n",
      "GET /last HTTP/1.1\r\nHost: z\r\nConnection: close\r\n\r\n"};
  std::string stream;
  for (const std::string& message : messages) {
    stream += message;
  }
  RequestParser parser{ParserLimits{}};
  for (const std::string& message : messages) {
    const Outcome outcome = Feeder(parser).feed(stream, {});
    EXPECT_EQ(outcome.code(), 200);
    EXPECT_EQ(outcome.consumed, message.size());
    EXPECT_EQ(outcome, feed(message)) << "as by a parser that saw nothing before";
    stream.erase(0, outcome.consumed);
    parser.reset();
  }
  EXPECT_EQ(stream, "");
}

TEST(RequestParser, ForgetsEverythingOfAFailedOrUnfinishedMessage) {
  const Outcome clean = feed("GET /x HTTP/1.0\r\n\r\n");
  for (const Message& message : all_messages()) {
    RequestParser parser{ParserLimits{}};
    Feeder(parser).feed(message.bytes, {});
    parser.reset();
    EXPECT_EQ(Feeder(parser).feed("GET /x HTTP/1.0\r\n\r\n", {}), clean)
        << "after message " << message.number;
  }
}

TEST(RequestParser, CountsTheBodyReceivedSoFar) {
  RequestParser parser{ParserLimits{}};
  ASSERT_EQ(parser.parse_head(kPost + "Content-Length: 10\r\n\r\n"), ParseStatus::complete);
  EXPECT_TRUE(parser.has_body());
  EXPECT_FALSE(parser.is_chunked());
  EXPECT_EQ(parser.content_length(), 10U);
  std::string body;
  std::size_t consumed = 0;
  EXPECT_EQ(parser.consume_body("abc", body, consumed), ParseStatus::need_more);
  EXPECT_EQ(parser.body_received(), 3U);
  EXPECT_EQ(parser.consume_body("defghijklm", body, consumed), ParseStatus::complete);
  EXPECT_EQ(consumed, 7U);
  EXPECT_EQ(parser.body_received(), 10U);
  EXPECT_EQ(body, "abcdefghij");
}

TEST(RequestParser, HasNoBodyWithoutOrWithAnEmptyLength) {
  RequestParser parser{ParserLimits{}};
  const std::string without = kPost + "\r\n";
  ASSERT_EQ(parser.parse_head(without), ParseStatus::complete);
  EXPECT_FALSE(parser.has_body());
  parser.reset();
  const std::string empty = kPost + "Content-Length: 0\r\n\r\n";
  ASSERT_EQ(parser.parse_head(empty), ParseStatus::complete);
  EXPECT_FALSE(parser.has_body());
}

TEST(RequestParser, RebasePointsEveryViewIntoTheCopy) {
  RequestParser parser{ParserLimits{}};
  const std::string original = "GET http://b/p?q HTTP/1.1\r\nHost: a\r\nX: v\r\nY:\r\n\r\nnext";
  ASSERT_EQ(parser.parse_head(original), ParseStatus::complete);
  const ExactBytes copy(std::string_view(original).substr(0, parser.head_size()));
  std::vector<http::Field> fields = {{"left", "over"}};
  http::Request request = parser.request();
  parser.rebase(copy.view().data(), fields, request);
  const auto lies_in_copy = [&copy](std::string_view view) {
    return view.data() >= copy.view().data() &&
           view.data() + view.size() <= copy.view().data() + copy.view().size();
  };
  for (const std::string_view view :
       {request.method_text, request.target, request.path, request.query, request.host}) {
    EXPECT_TRUE(lies_in_copy(view)) << view;
  }
  ASSERT_EQ(request.fields.size(), 3U);
  EXPECT_EQ(request.fields.data(), fields.data());
  for (const http::Field& field : request.fields) {
    EXPECT_TRUE(lies_in_copy(field.name));
    EXPECT_TRUE(lies_in_copy(field.value)) << field.name;
  }
}

TEST(RequestParser, RebaseLeavesWhatOthersAddedToTheRequest) {
  RequestParser parser{ParserLimits{}};
  const std::string original = "GET /p HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parser.parse_head(original), ParseStatus::complete);
  const std::string copy = original;
  std::vector<http::Field> fields;
  http::Request request = parser.request();
  const std::string_view root_path = "/shop";
  const std::vector<http::Field> parameters = {{"name", "value"}};
  request.id = 7;
  request.scheme = http::Scheme::https;
  request.peer.port = 4711;
  request.root_path = root_path;
  request.parameters = parameters;
  parser.rebase(copy.data(), fields, request);
  EXPECT_EQ(request.id, 7U);
  EXPECT_EQ(request.scheme, http::Scheme::https);
  EXPECT_EQ(request.peer.port, 4711);
  EXPECT_EQ(request.root_path.data(), root_path.data());
  EXPECT_EQ(request.parameters.data(), parameters.data());
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.path.data(), copy.data() + 4);
}

}  // namespace
}  // namespace prefork::http1
