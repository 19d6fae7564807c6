#include "server/http1/response_writer.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/http1/status_line.h"

namespace prefork::http1 {
namespace {

using http::Method;
using http::Response;

const http::FieldList kCommon = {{"Server", "s"}, {"Date", "d"}};
const std::string kHead = "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\n";

class NoContent : public http::BodySource {
  http::SourceResult read(std::span<char>) override { return {}; }
};

std::shared_ptr<const ipc::OwnedFd> some_file() {
  return std::make_shared<const ipc::OwnedFd>(::dup(0));
}

std::string wire(const Response& response, Method method = Method::get, int version_minor = 1,
                 bool keep_alive = true) {
  http::ByteBuffer out;
  write_response(out, response, {method, version_minor, keep_alive, kCommon});
  return std::string(out.view());
}

TEST(ResponseWriter, AFreshOneIsAnEmpty200) {
  const Response response;
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_EQ(wire(response), "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseWriter, WritesTypeLengthFieldsAndBodyInThatOrder) {
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

TEST(ResponseWriter, AppendsToWhatIsInTheBufferAlready) {
  http::ByteBuffer out;
  out.append("before|");
  write_response(out, Response(), {Method::get, 1, true, kCommon});
  EXPECT_TRUE(out.view().starts_with("before|HTTP/1.1 200 OK\r\n"));
}

TEST(ResponseWriter, TakesTheStartOfA200FromWhoHasItReady) {
  http::ByteBuffer out;
  Response response;
  response.set_body("hello");
  write_response(out, response, {Method::get, 1, true, kCommon, kHead});
  EXPECT_EQ(out.view(), kHead + "Content-Length: 5\r\n\r\nhello");
  for (const int status : {201, 299, 304}) {
    response.clear();
    response.set_status(status);
    out.clear();
    write_response(out, response, {Method::get, 1, true, kCommon, kHead});
    EXPECT_EQ(out.view(), wire(response)) << status;
  }
}

TEST(ResponseWriter, HasRoomForWhatItWritesItself) {
  // The longest of everything, into a buffer that has no byte to spare.
  for (const int status : {200, 299, 431}) {
    Response response;
    response.set_status(status);
    response.set_source(std::make_unique<NoContent>(), ~std::uint64_t{0});
    EXPECT_TRUE(wire(response, Method::get, 0, true)
                    .ends_with("Content-Length: 18446744073709551615\r\n"
                               "Connection: keep-alive\r\n\r\n"))
        << status;
  }
}

TEST(ResponseWriter, HeadHasTheLengthOfTheBodyButNotTheBody) {
  Response response;
  response.set_body("hello");
  EXPECT_EQ(wire(response, Method::head),
            "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseWriter, NoContentAndNotModifiedHaveNeitherLengthNorBody) {
  for (const int status : {204, 304}) {
    Response response;
    response.set_status(status);
    response.add_field("ETag", "\"x\"");
    EXPECT_EQ(wire(response),
              std::string(status_line(status)) + "Server: s\r\nDate: d\r\nETag: \"x\"\r\n\r\n");
  }
}

TEST(ResponseWriter, SaysCloseToEitherVersion) {
  const std::string expected =
      "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(wire(Response(), Method::get, 1, false), expected);
  EXPECT_EQ(wire(Response(), Method::get, 0, false), expected);
}

TEST(ResponseWriter, SaysKeepAliveToHttp10Only) {
  EXPECT_EQ(wire(Response(), Method::get, 0, true),
            "HTTP/1.1 200 OK\r\nServer: s\r\nDate: d\r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(wire(Response(), Method::get, 1, true).find("Connection"), std::string::npos);
}

TEST(ResponseWriter, ABodylessAnswerSaysCloseToo) {
  Response response;
  response.set_status(204);
  EXPECT_EQ(wire(response, Method::get, 1, false),
            "HTTP/1.1 204 No Content\r\nServer: s\r\nDate: d\r\nConnection: close\r\n\r\n");
}

TEST(ResponseWriter, ACodeWithoutAPhraseKeepsTheSpaceBeforeIt) {
  Response response;
  response.set_status(299);
  EXPECT_EQ(response.problem(), nullptr);
  EXPECT_TRUE(wire(response).starts_with("HTTP/1.1 299 \r\nServer: s\r\n"));
}

TEST(ResponseWriter, WritesALargeBodyWhole) {
  Response response;
  response.set_body(std::string(3'000'000, 'x'));
  const std::string bytes = wire(response);
  EXPECT_NE(bytes.find("Content-Length: 3000000\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n" + std::string(3'000'000, 'x')));
}

TEST(ResponseWriter, TheLengthOfPiecesIsTheSumOfTheirTextsAndParts) {
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

TEST(ResponseWriter, ASourceWithASizeHasALength) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{5'000'000'000}}) {
    Response response;
    response.set_source(std::make_unique<NoContent>(), size);
    EXPECT_EQ(wire(response), kHead + "Content-Length: " + std::to_string(size) + "\r\n\r\n");
    EXPECT_EQ(framing_of(response, 1), BodyFraming::counted);
    EXPECT_EQ(framing_of(response, 0), BodyFraming::counted);
  }
}

TEST(ResponseWriter, ASourceWithoutASizeIsChunkedOrEndsWithTheConnection) {
  Response response;
  response.set_source(std::make_unique<NoContent>());
  EXPECT_EQ(framing_of(response, 1), BodyFraming::chunked);
  EXPECT_EQ(wire(response), kHead + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(wire(response, Method::head), kHead + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(framing_of(response, 0), BodyFraming::until_close);
  EXPECT_EQ(wire(response, Method::get, 0, false), kHead + "Connection: close\r\n\r\n");
}

TEST(ResponseWriter, WritesABlockOfFieldsAsItIs) {
  http::FieldBlock block;
  block.add("A", "1");
  block.add("B", "2");
  Response response;
  response.add_fields(block);
  response.add_fields(block);
  EXPECT_NE(wire(response).find("\r\nA: 1\r\nB: 2\r\nA: 1\r\nB: 2\r\n\r\n"), std::string::npos);
}

TEST(ResponseWriter, NothingIsLeftOfAClearedResponse) {
  Response response;
  response.set_status(500);
  response.add_field("X", "y");
  response.set_content_type("text/plain");
  response.set_static_body("x");
  response.clear();
  EXPECT_EQ(wire(response), wire(Response()));
}

TEST(ResponseWriter, WritesAnErrorInTheServersOwnWords) {
  Response response;
  response.add_field("X", "left over");
  response.set_error(404, "no such thing");
  EXPECT_EQ(wire(response),
            "HTTP/1.1 404 Not Found\r\nServer: s\r\nDate: d\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 29\r\n\r\n"
            "404 Not Found: no such thing\n");
}

TEST(ResponseWriter, ADetachedBodyIsNotWrittenWithTheHead) {
  Response response;
  response.set_body(std::string(32 * 1024, 'l'));
  response.detach_large_body();
  EXPECT_EQ(wire(response), kHead + "Content-Length: 32768\r\n\r\n");
}

}  // namespace
}  // namespace prefork::http1
