#include "server/http/response.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

TEST(Response, AFreshOneIsAnEmpty200) {
  const Response response;
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.content_size(), 0U);
}

TEST(Response, ContentOfAStatusThatHasNoneIsAProblem) {
  for (const int status : {204, 205, 304}) {
    Response response;
    response.set_status(status);
    EXPECT_EQ(response.problem(), nullptr) << status;
    response.set_body("content");
    EXPECT_NE(response.problem(), nullptr) << status;
  }
}

TEST(Response, ASecondFieldOfANameThatComesOnceIsAProblem) {
  for (const char* name : {"Content-Type", "etag", "Location", "Retry-After"}) {
    Response response;
    response.add_field(name, "1");
    EXPECT_EQ(response.problem(), nullptr) << name;
    response.add_field(name, "2");
    EXPECT_NE(response.problem(), nullptr) << name;
  }
  Response response;
  response.set_content_type("text/plain");
  response.add_field("content-type", "text/html");
  EXPECT_NE(response.problem(), nullptr);
  Response cookies;
  cookies.add_field("Set-Cookie", "a=1");
  cookies.add_field("Set-Cookie", "b=2");
  EXPECT_EQ(cookies.problem(), nullptr);
}

TEST(Response, WhatIsSaidOfTheConnectionIsTheServers) {
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection"}) {
    Response response;
    response.add_field(name, "timeout=60");
    EXPECT_NE(response.problem(), nullptr) << name;
  }
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
  EXPECT_EQ(response.fields().wire(), "A: 1\r\nB: 2\r\nA: 1\r\nB: 2\r\n");
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

TEST(Response, CanBeAskedForEachOfItsFields) {
  Response response;
  response.add_field("ETag", "\"x\"");
  response.set_content_type("text/plain");
  EXPECT_EQ(response.fields().find("etag"), "\"x\"");
  EXPECT_EQ(response.fields().find("content-type"), "text/plain");
  EXPECT_EQ(response.fields().find("vary"), std::nullopt);
}

TEST(Response, TheTypeComesFirstWheneverItIsSet) {
  Response response;
  response.add_field("A", "1");
  response.set_content_type("text/plain");
  response.add_field("B", "2");
  EXPECT_EQ(response.fields().wire(), "Content-Type: text/plain\r\nA: 1\r\nB: 2\r\n");
  EXPECT_EQ(response.content_type_bytes(), std::string("Content-Type: text/plain\r\n").size());
}

TEST(Response, TheLastTypeThatIsSetCounts) {
  Response response;
  response.set_content_type("text/plain");
  response.set_content_type("a\nb");
  EXPECT_STREQ(response.problem(), "a control character in the content type");
  response.set_content_type("text/html; charset=utf-8");
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(response.fields().wire(), "Content-Type: text/html; charset=utf-8\r\n");
  response.set_content_type("");
  EXPECT_TRUE(response.fields().empty());
  EXPECT_EQ(response.content_type_bytes(), 0U);
  EXPECT_EQ(response.content_type(), "");
}

TEST(Response, AnAddedTypeIsAFieldLikeOthers) {
  Response response;
  response.add_field("Content-Type", "a/b");
  EXPECT_EQ(response.content_type_bytes(), 0U);
  response.set_content_type("c/d");
  EXPECT_EQ(response.fields().wire(), "Content-Type: c/d\r\nContent-Type: a/b\r\n");
  EXPECT_EQ(response.content_type(), "c/d");
}

TEST(Response, AFieldThatIsSetReplacesThoseOfItsName) {
  Response response;
  response.add_field("Vary", "A");
  response.add_field("X", "1");
  response.add_field("vary", "B");
  response.set_field("Vary", "Accept-Encoding");
  response.set_field("New", "2");
  EXPECT_EQ(response.fields().wire(), "Vary: Accept-Encoding\r\nX: 1\r\nNew: 2\r\n");
  response.remove_field("X");
  EXPECT_EQ(response.fields().wire(), "Vary: Accept-Encoding\r\nNew: 2\r\n");
  EXPECT_EQ(response.problem(), nullptr);
  response.set_field("Date", "now");
  EXPECT_STREQ(response.problem(), "a field that the server sets itself");
}

TEST(Response, TheTypeCanBeSetAndRemovedAsAFieldToo) {
  Response response;
  response.set_content_type("text/plain");
  response.add_field("X", "1");
  response.set_field("content-type", "a/longer-type");
  EXPECT_EQ(response.content_type(), "a/longer-type");
  EXPECT_EQ(response.content_type_bytes(), std::string("content-type: a/longer-type\r\n").size());
  response.remove_field("Content-Type");
  EXPECT_EQ(response.content_type(), "");
  EXPECT_EQ(response.fields().wire(), "X: 1\r\n");
  response.set_content_type("text/html");
  EXPECT_EQ(response.fields().wire(), "Content-Type: text/html\r\nX: 1\r\n");
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
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.content_type(), "");
  EXPECT_EQ(response.fields().wire(), "");
  EXPECT_EQ(response.content_size(), 0U);
}

TEST(Response, AnErrorReplacesWhatWasThere) {
  Response response;
  response.add_field("X", "left over");
  response.set_static_body("left over");
  response.set_error(404, "no such thing");
  EXPECT_EQ(response.status(), 404);
  EXPECT_EQ(response.content_type(), "text/plain; charset=utf-8");
  EXPECT_EQ(response.fields().wire(), "Content-Type: text/plain; charset=utf-8\r\n");
  EXPECT_EQ(response.content(), "404 Not Found: no such thing\n");
  response.set_error(500, {});
  EXPECT_EQ(response.content(), "500 Internal Server Error\n");
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
  EXPECT_NE(response.content_size(), 7U);
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
