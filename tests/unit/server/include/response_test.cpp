// What authors of applications write responses with.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/response.h"
#include "server/native/native_response.h"

#include <prefork/response.hpp>

namespace prefork {
namespace {

using namespace std::string_view_literals;

TEST(FormatEvent, MakesALineOfDataOfEachLineHoweverItEnds) {
  EXPECT_EQ(format_event("a"), "data: a\n\n");
  EXPECT_EQ(format_event("a\nb"), "data: a\ndata: b\n\n");
  EXPECT_EQ(format_event("a\rb"), "data: a\ndata: b\n\n");
  EXPECT_EQ(format_event("a\r\nb"), "data: a\ndata: b\n\n");
  EXPECT_EQ(format_event("a\n\rb"), "data: a\ndata: \ndata: b\n\n");
  EXPECT_EQ(format_event("a\n"), "data: a\n\n");
  EXPECT_EQ(format_event(""), "data: \n\n");
}

TEST(FormatEvent, LetsNoDataBecomeAnotherField) {
  for (const std::string_view attack :
       {"x\revent: admin"sv, "x\r\rdata: forged"sv, "x\r\n\r\nid: 7"sv, "\rretry: 1"sv}) {
    const std::string event = format_event(attack, "kind");
    EXPECT_EQ(event.find('\r'), std::string::npos) << event;
    EXPECT_EQ(event.find("\n\n"), event.size() - 2) << event;
    std::size_t begin = std::string_view("event: kind\n").size();
    for (; event[begin] != '\n'; begin = event.find('\n', begin) + 1) {
      EXPECT_EQ(event.substr(begin, 6), "data: ") << event;
    }
  }
}

TEST(FormatEvent, RefusesATypeOfSeveralLines) {
  EXPECT_EQ(format_event("a", "kind"), "event: kind\ndata: a\n\n");
  for (const std::string_view type : {"a\nb"sv, "a\rb"sv, "\r\n"sv, "a\0b"sv}) {
    EXPECT_THROW(format_event("a", type), std::invalid_argument);
  }
}

// The fields of a response as the server gets them.
std::vector<std::string> lines_of(const Response& response) {
  http::Response native;
  prefork_response to;
  to.response = &native;
  prefork_api api{};
  api.size = sizeof api;
  prefork::native::add_response_functions(api);
  response.send(api, &to);
  std::vector<std::string> lines;
  for (const http::Field& field : native.fields()) {
    lines.push_back(std::string(field.name) + ": " + std::string(field.value));
  }
  return lines;
}

TEST(PublicResponse, SetsAFieldInPlaceOfOthersAndAddsOneMore) {
  EXPECT_EQ(lines_of(json("{}").header("content-type", "application/problem+json")),
            (std::vector<std::string>{"content-type: application/problem+json"}));
  EXPECT_EQ(lines_of(redirect("/a").header("Location", "/b")),
            (std::vector<std::string>{"Location: /b"}));
  Response cookies;
  cookies.add_header("Set-Cookie", "a=1").add_header("Set-Cookie", "b=2");
  EXPECT_EQ(lines_of(cookies), (std::vector<std::string>{"Set-Cookie: a=1", "Set-Cookie: b=2"}));
  cookies.header("set-cookie", "c=3");
  EXPECT_EQ(lines_of(cookies), (std::vector<std::string>{"set-cookie: c=3"}));
  EXPECT_EQ(cookies.header("Set-Cookie"), "c=3");
  EXPECT_FALSE(cookies.header("X"));
}

TEST(PublicResponse, IsMovedOutOfTheReturnStatementThatMakesIt) {
  const std::string body(1000, 'b');
  std::string given = body;
  const void* const place = given.data();
  const Response response = [&] {
    return text(std::move(given))
        .header("X", "y")
        .add_header("X", "z")
        .status(201)
        .close_connection();
  }();
  EXPECT_EQ(response.body(), body);
  EXPECT_EQ(static_cast<const void*>(response.body().data()), place) << "the body was copied";
  std::string again = body;
  const void* const second = again.data();
  const Response other = [&] { return Response(200).body(std::move(again)); }();
  EXPECT_EQ(static_cast<const void*>(other.body().data()), second) << "the body was copied";
}

TEST(PublicResponse, IsMadeOfAViewToo) {
  const std::string_view view = "[1]";
  EXPECT_EQ(text(view).body(), view);
  EXPECT_EQ(html(view, 404).status(), 404);
  EXPECT_EQ(json(view).body(), view);
  EXPECT_EQ(text("of a literal").body(), "of a literal");
}

TEST(PublicResponse, IsChangedInPlaceWhereItHasAName) {
  Response response = text("a");
  Response& same = response.header("X", "y").body("b");
  EXPECT_EQ(&same, &response);
  EXPECT_EQ(response.body(), "b");
}

}  // namespace
}  // namespace prefork
