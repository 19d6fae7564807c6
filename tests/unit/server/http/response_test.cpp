#include "server/http/response.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/status.h"

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDate = "Server: s\r\nDate: d\r\n";

std::string wire(const Response& response, Method method = Method::get, int version_minor = 1,
                 bool keep_alive = true) {
  ByteBuffer out;
  write_response(out, response, {method, version_minor, keep_alive, kDate});
  return std::string(out.view());
}

TEST(Response, AFreshOneIsAnEmpty200) {
  const Response response;
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(wire(response), "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\n\r\n");
}

TEST(Response, WritesTypeLengthFieldsAndBodyInThatOrder) {
  Response response;
  response.set_status(201);
  response.add_field("Location", "/new");
  response.add_field("X-Empty", "");
  response.set_content_type("text/plain");
  response.set_body("hello");
  EXPECT_EQ(wire(response),
            "HTTP/1.1 201 Created\r\nServer: s\r\nDate: d\r\nContent-Type: text/plain\r\n"
            "Content-Length: 5\r\nLocation: /new\r\nX-Empty: \r\n\r\nhello");
}

TEST(Response, AppendsToWhatIsInTheBufferAlready) {
  ByteBuffer out;
  out.append("before|");
  write_response(out, Response(), {Method::get, 1, true, kDate});
  EXPECT_TRUE(out.view().starts_with("before|HTTP/1.1 200 OK\r\n"));
}

TEST(Response, HeadHasTheLengthOfTheBodyButNotTheBody) {
  Response response;
  response.set_body("hello");
  EXPECT_EQ(wire(response, Method::head),
            "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 5\r\n\r\n");
}

TEST(Response, NoContentAndNotModifiedHaveNeitherLengthNorBody) {
  for (const int status : {204, 304}) {
    Response response;
    response.set_status(status);
    response.add_field("ETag", "\"x\"");
    EXPECT_EQ(wire(response),
              std::string(status_line(status)) + "Server: s\r\nDate: d\r\nETag: \"x\"\r\n\r\n");
  }
}

TEST(Response, SaysCloseToEitherVersion) {
  const std::string expected =
      "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(wire(Response(), Method::get, 1, false), expected);
  EXPECT_EQ(wire(Response(), Method::get, 0, false), expected);
}

TEST(Response, SaysKeepAliveToHttp10Only) {
  EXPECT_EQ(wire(Response(), Method::get, 0, true),
            "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(wire(Response(), Method::get, 1, true).find("Connection"), std::string::npos);
}

TEST(Response, ABodylessAnswerSaysCloseToo) {
  Response response;
  response.set_status(204);
  EXPECT_EQ(wire(response, Method::get, 1, false),
            "HTTP/1.1 204 No Content\r\nServer: s\r\nDate: d\r\nConnection: close\r\n\r\n");
}

TEST(Response, ACodeWithoutAPhraseKeepsTheSpaceBeforeIt) {
  Response response;
  response.set_status(299);
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_TRUE(wire(response).starts_with("HTTP/1.1 299 \r\nServer: s\r\n"));
}

TEST(Response, AStatusOutsideOfFinalAnswersIsAProblem) {
  for (const int status : {-1, 0, 99, 100, 101, 199, 600, 999}) {
    Response response;
    response.set_status(status);
    EXPECT_NE(response.problem(), nullptr) << status;
  }
  for (const int status : {200, 204, 304, 404, 599}) {
    Response response;
    response.set_status(status);
    EXPECT_EQ(response.problem(), nullptr) << status;
  }
}

TEST(Response, LineEndsAndNulInAFieldAreAProblem) {
  for (const std::string_view bad : {"a\r\nX: y"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv}) {
    Response by_value;
    by_value.add_field("X", bad);
    EXPECT_NE(by_value.problem(), nullptr);
    Response by_name;
    by_name.add_field(bad, "v");
    EXPECT_NE(by_name.problem(), nullptr);
    Response by_type;
    by_type.set_content_type(bad);
    EXPECT_NE(by_type.problem(), nullptr);
  }
  Response empty_name;
  empty_name.add_field("", "v");
  EXPECT_NE(empty_name.problem(), nullptr);
}

TEST(Response, AProblemIsNotForgottenByALaterGoodField) {
  Response response;
  response.add_field("X Y", "v");
  response.add_field("X", "v");
  EXPECT_NE(response.problem(), nullptr);
}

TEST(Response, ABlockOfFieldsIsLikeTheFieldsInIt) {
  FieldBlock block;
  block.add("A", "1");
  block.add("B", "2");
  Response response;
  response.add_fields(block);
  response.add_fields(block);
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_NE(wire(response).find("\r\nA: 1\r\nB: 2\r\nA: 1\r\nB: 2\r\n\r\n"), std::string::npos);
}

TEST(Response, ABadFieldInABlockIsAProblemOfEachAnswer) {
  for (const auto& [name, value] : {std::pair{"X", "a\r\nb"}, {"X Y", "v"}, {"Date", "v"}}) {
    FieldBlock block;
    block.add(name, value);
    block.add("A", "1");
    Response response;
    response.add_fields(block);
    EXPECT_NE(response.problem(), nullptr) << name;
  }
}

TEST(Response, TheServersOwnFieldsAreAProblemInAnyCase) {
  for (const std::string_view name :
       {"Content-Length", "content-length", "TRANSFER-ENCODING", "Connection", "Date", "Server"}) {
    Response response;
    response.add_field(name, "x");
    EXPECT_NE(response.problem(), nullptr) << name;
  }
}

TEST(Response, ABodyOnAnAnswerThatHasNoneIsAProblem) {
  for (const int status : {204, 304}) {
    Response response;
    response.set_status(status);
    response.set_static_body("x");
    EXPECT_NE(response.problem(), nullptr) << status;
    response.set_static_body("");
    EXPECT_EQ(response.problem(), nullptr) << status;
  }
}

TEST(Response, TheLastWayToSetTheBodyWins) {
  Response response;
  response.set_body("owned");
  response.set_static_body("static");
  EXPECT_EQ(response.content(), "static");
  response.body().append(" and more");
  EXPECT_EQ(response.content(), "static and more");
  response.set_body("owned again");
  EXPECT_EQ(response.content(), "owned again");
}

TEST(Response, ClearForgetsEverything) {
  Response response;
  response.set_status(500);
  response.add_field("X Y", "bad");
  response.set_content_type("text/plain");
  response.set_static_body("x");
  response.close_connection();
  response.clear();
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_FALSE(response.wants_close());
  EXPECT_EQ(wire(response), wire(Response()));
}

TEST(Response, AnErrorReplacesWhatWasThere) {
  Response response;
  response.add_field("X", "left over");
  response.set_static_body("left over");
  response.set_error(404, "no such thing");
  EXPECT_EQ(wire(response),
            "HTTP/1.1 404 Not Found\r\nServer: s\r\nDate: d\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 29\r\n\r\n"
            "404 Not Found: no such thing\n");
  response.set_error(500, {});
  EXPECT_EQ(response.content(), "500 Internal Server Error\n");
}

TEST(Response, WritesALargeBodyWhole) {
  Response response;
  response.set_body(std::string(3'000'000, 'x'));
  const std::string bytes = wire(response);
  EXPECT_NE(bytes.find("Content-Length: 3000000\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n" + std::string(3'000'000, 'x')));
}

// --- long bodies ---

class NoContent : public BodySource {
 public:
  explicit NoContent(bool* destroyed = nullptr) : destroyed_(destroyed) {}
  ~NoContent() override {
    if (destroyed_ != nullptr) {
      *destroyed_ = true;
    }
  }
  SourceResult read(std::span<char>) override { return {}; }

 private:
  bool* destroyed_;
};

std::shared_ptr<const ipc::OwnedFd> some_file() {
  return std::make_shared<const ipc::OwnedFd>(::dup(0));
}

const std::string kHead = "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\n";

TEST(Response, TheLengthOfPiecesIsTheSumOfTheirTextsAndParts) {
  Response response;
  response.add_piece({"12345", nullptr, 0, 0});
  response.add_piece({"", some_file(), 100, 7'000'000'000});
  response.add_piece({"123", some_file(), 0, 10});
  response.add_piece({"", nullptr, 0, 0});
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(response.content_size(), 7'000'000'018U);
  const std::string head = kHead + "Content-Length: 7000000018\r\n\r\n";
  EXPECT_EQ(wire(response), head) << "the content is not written with the head";
  EXPECT_EQ(wire(response, Method::head), head);
  EXPECT_EQ(framing_of(response, 0), BodyFraming::counted);
}

TEST(Response, ASourceWithASizeHasALength) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{5'000'000'000}}) {
    Response response;
    response.set_source(std::make_unique<NoContent>(), size);
    EXPECT_EQ(wire(response), kHead + "Content-Length: " + std::to_string(size) + "\r\n\r\n");
    EXPECT_EQ(framing_of(response, 1), BodyFraming::counted);
    EXPECT_EQ(framing_of(response, 0), BodyFraming::counted);
  }
}

TEST(Response, ASourceWithoutASizeIsChunkedOrEndsWithTheConnection) {
  Response response;
  response.set_source(std::make_unique<NoContent>());
  EXPECT_EQ(framing_of(response, 1), BodyFraming::chunked);
  EXPECT_EQ(wire(response), kHead + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(wire(response, Method::head), kHead + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(framing_of(response, 0), BodyFraming::until_close);
  EXPECT_EQ(wire(response, Method::get, 0, false), kHead + "Connection: close\r\n\r\n");
}

TEST(Response, LongContentOnAnAnswerThatHasNoneIsAProblem) {
  for (const int status : {204, 304}) {
    Response source;
    source.set_status(status);
    source.set_source(std::make_unique<NoContent>());
    EXPECT_NE(source.problem(), nullptr) << status;
    Response counted;
    counted.set_status(status);
    counted.set_source(std::make_unique<NoContent>(), 1);
    EXPECT_NE(counted.problem(), nullptr) << status;
    Response piece;
    piece.set_status(status);
    piece.add_piece({"x", nullptr, 0, 0});
    EXPECT_NE(piece.problem(), nullptr) << status;
  }
}

TEST(Response, ContentOfTwoKindsIsAProblem) {
  Response body_and_source;
  body_and_source.set_source(std::make_unique<NoContent>());
  EXPECT_EQ(body_and_source.problem(), nullptr);
  body_and_source.set_body("x");
  EXPECT_STREQ(body_and_source.problem(), "a body and a source or pieces besides");
  Response body_and_piece;
  body_and_piece.add_piece({"x", nullptr, 0, 0});
  body_and_piece.set_static_body("y");
  EXPECT_NE(body_and_piece.problem(), nullptr);
  Response source_and_piece;
  source_and_piece.add_piece({"x", nullptr, 0, 0});
  source_and_piece.set_source(std::make_unique<NoContent>());
  EXPECT_STREQ(source_and_piece.problem(), "a source and pieces besides");
}

TEST(Response, APartOfAFileWithoutTheFileIsAProblem) {
  Response response;
  response.add_piece({"", nullptr, 0, 1});
  EXPECT_STREQ(response.problem(), "a part of a file without the file");
}

TEST(Response, ClearGivesLongContentBack) {
  bool destroyed = false;
  Response response;
  response.set_source(std::make_unique<NoContent>(&destroyed), 7);
  response.clear();
  EXPECT_TRUE(destroyed);
  auto file = some_file();
  const std::weak_ptr<const ipc::OwnedFd> watched = file;
  response.add_piece({"", std::move(file), 0, 3});
  response.set_error(500, {});
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(response.has_long_body());
  EXPECT_EQ(wire(response).find("Content-Length: 7"), std::string::npos);
}

TEST(Response, OnlyALargeBodyOfItsOwnBecomesAPiece) {
  const std::string small(32 * 1024 - 1, 's');
  const std::string large(32 * 1024, 'l');
  Response response;
  response.set_body(small);
  response.detach_large_body();
  EXPECT_FALSE(response.has_long_body());
  response.set_static_body(large);
  response.detach_large_body();
  EXPECT_FALSE(response.has_long_body()) << "it lives elsewhere";
  response.set_body(large);
  response.detach_large_body();
  EXPECT_TRUE(response.has_long_body());
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(response.content_size(), large.size());
  EXPECT_EQ(wire(response), kHead + "Content-Length: 32768\r\n\r\n");
  std::vector<BodyPiece> pieces = response.take_pieces();
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].text, large);
  EXPECT_FALSE(response.has_long_body());
}

TEST(Response, AStreamNeedsSomebodyWhoCanStartIt) {
  Response response;
  EXPECT_THROW(response.start_stream(), std::logic_error);
}

}  // namespace
}  // namespace prefork::http
