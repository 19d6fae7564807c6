#include "server/http/error_pages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::http {
namespace {

// What a client that says this gets of a 404.
Response dressed(const ErrorPages& pages, std::string_view accept, int status = 404) {
  const std::vector<Field> fields = {{"Accept", accept}};
  Request request;
  request.method_text = "GET";
  request.fields = fields;
  request.route = 2;
  Response response;
  response.set_error(status, "<nobody>");
  response.error()->failure = "no \"disk\"";
  pages.dress(request, response);
  return response;
}

TEST(ErrorPages, GiveTheServersWordsTheFormThatIsAskedFor) {
  const ErrorPages none;
  const Response text = dressed(none, "*/*");
  EXPECT_EQ(text.content(), "404 Not Found: <nobody>\n");
  EXPECT_EQ(text.fields().wire(), "Content-Type: text/plain; charset=utf-8\r\n");
  const Response json = dressed(none, "application/json");
  EXPECT_EQ(json.content(),
            R"({"type":"about:blank","title":"Not Found","status":404,"detail":"<nobody>"})"
            "\n");
  EXPECT_EQ(json.fields().wire(), "Content-Type: application/problem+json\r\nVary: Accept\r\n");
  const Response html = dressed(none, "text/html");
  EXPECT_EQ(html.fields().wire(), "Content-Type: text/html; charset=utf-8\r\nVary: Accept\r\n");
  EXPECT_NE(html.content().find("<p>&lt;nobody&gt;</p>"), std::string::npos) << html.content();
  EXPECT_EQ(html.content().find("disk"), std::string::npos);
  EXPECT_EQ(html.problem(), nullptr);
}

TEST(ErrorPages, LeaveAloneWhatIsNoErrorOfTheServers) {
  Response response;
  response.set_status(404);
  response.set_body("of an application");
  const ErrorPages none;
  none.dress({}, response);
  EXPECT_EQ(response.content(), "of an application");
  EXPECT_TRUE(response.fields().empty());
  response.set_error(404, {});
  response.clear_content();
  EXPECT_EQ(response.error(), nullptr) << "it has other content then";
}

TEST(ErrorPages, ShowWhatWasThrownOnlyWhereTheyAreToldTo) {
  ErrorPages pages;
  ASSERT_TRUE(pages.add(500, "text/html", "ours").ok());
  EXPECT_EQ(dressed(pages, "text/html", 500).content(), "ours");
  pages.show_failures({"/a", "/orders/{id}"});
  const Response html = dressed(pages, "text/html", 500);
  EXPECT_NE(html.content().find("<pre>no &quot;disk&quot;</pre>"), std::string::npos);
  EXPECT_NE(html.content().find("In GET /orders/{id}. "), std::string::npos) << html.content();
  const Response json = dressed(pages, "application/json", 500);
  EXPECT_NE(json.content().find(R"("exception":"no \"disk\"","route":"GET /orders/{id}")"),
            std::string::npos)
      << json.content();
}

TEST(ErrorPages, OfAnApplicationAreChosenByTheirType) {
  ErrorPages pages;
  ASSERT_TRUE(pages.add(404, "text/html; charset=utf-8", "page").ok());
  ASSERT_TRUE(pages.add(404, "application/json", "{}").ok());
  EXPECT_EQ(dressed(pages, "*/*").content(), "page") << "the first, for who does not care";
  EXPECT_EQ(dressed(pages, "text/html").content(), "page");
  EXPECT_EQ(dressed(pages, "application/problem+json").content(), "{}");
  EXPECT_EQ(dressed(pages, "text/plain").content(), "404 Not Found: <nobody>\n");
  EXPECT_EQ(dressed(pages, "text/html", 405).content().find("page"), std::string::npos);
  Response unread;
  unread.set_error(404, {});
  pages.dress_unread(unread);
  EXPECT_EQ(unread.content(), "page");
  ASSERT_TRUE(pages.add(404, "application/json", "[]").ok());
  EXPECT_EQ(dressed(pages, "application/json").content(), "[]") << "the last of one type counts";
}

TEST(ErrorPages, AreLimited) {
  ErrorPages pages;
  EXPECT_EQ(pages.add(200, "text/html", "x").problem().text,
            "200 is no status of an error (400 to 599)");
  EXPECT_EQ(pages.add(404, "a\nb", "x").problem().text,
            "the content type is empty, or has a control character in it");
  EXPECT_TRUE(pages.add(404, "a/b", std::string(ErrorPages::kMaxPageBytes, 'x')).ok());
  EXPECT_EQ(pages.add(404, "a/b", std::string(ErrorPages::kMaxPageBytes + 1, 'x')).problem().text,
            "the page has more than 65536 bytes");
  for (std::size_t i = 1; i < ErrorPages::kMaxPages; ++i) {
    EXPECT_TRUE(pages.add(404, "a/" + std::to_string(i), "x").ok());
  }
  EXPECT_EQ(pages.add(405, "a/b", "x").problem().text, "there are 64 pages already");
}

}  // namespace
}  // namespace prefork::http
