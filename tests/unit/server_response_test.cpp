#include "server/response.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "server/status.h"

namespace prefork {
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

}  // namespace
}  // namespace prefork
