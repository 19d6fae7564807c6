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

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

TEST(Response, AFreshOneIsAnEmpty200) {
  const Response response;
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.content_size(), 0U);
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
  EXPECT_EQ(response.field_lines(), "A: 1\r\nB: 2\r\nA: 1\r\nB: 2\r\n");
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
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.content_type(), "");
  EXPECT_EQ(response.field_lines(), "");
  EXPECT_EQ(response.content_size(), 0U);
}

TEST(Response, AnErrorReplacesWhatWasThere) {
  Response response;
  response.add_field("X", "left over");
  response.set_static_body("left over");
  response.set_error(404, "no such thing");
  EXPECT_EQ(response.status(), 404);
  EXPECT_EQ(response.content_type(), "text/plain; charset=utf-8");
  EXPECT_EQ(response.field_lines(), "");
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
