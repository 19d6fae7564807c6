// Errors of an application and of the server, in the form that the client asks for; JSON; what
// answers can be beside a status and a body.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kAnswersApp = test_app("answers");
const std::string kJson = "Accept: application/json\r\n";
const std::string kHtml = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

class Answers : public testing::Test {
 protected:
  Reply ask(const std::string& path, const std::string& fields = "",
            const std::string& version = "HTTP/1.1") {
    client_.send("GET " + path + " " + version + "\r\nHost: a\r\n" + fields + "\r\n");
    return client_.receive();
  }
  Reply post(const std::string& path, const std::string& body,
             const std::string& fields = "Content-Type: application/json\r\n") {
    client_.send("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + fields +
                 "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client_.receive();
  }
  std::string all_of(const std::string& bytes) {
    Client client(server_.url());
    client.send(bytes);
    return client.receive_to_the_end();
  }

  ServerProcess server_{{kAnswersApp, "--workers", "1"}};
  Client client_{server_.url()};
};

// --- errors --------------------------------------------------------------------------------------

TEST_F(Answers, AnErrorIsThrownAnywhereAndIsNoFailureOfTheServer) {
  const Reply reply = ask("/error/404");
  EXPECT_EQ(reply.status, 404) << reply;
  EXPECT_EQ(reply.body, "404 Not Found: no such order <1>\n");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_FALSE(reply.header("Vary"));
  EXPECT_EQ(reply.header("X-After"), "404");
  EXPECT_EQ(ask("/loop/error").body, "409 Conflict: changed meanwhile\n");
  EXPECT_EQ(ask("/later/error").body, "403 Forbidden: not yours\n");
  const Reply stranger = ask("/nowhere", "X-Stranger: 1\r\n");
  EXPECT_EQ(stranger.status, 401) << stranger;
  EXPECT_EQ(stranger.header("WWW-Authenticate"), "Basic");
  EXPECT_EQ(server_.times_logged("answered with 500"), 0U) << server_.log();
  EXPECT_EQ(ask("/error/503?why=closed").status, 503);
  EXPECT_TRUE(server_.has_logged({"GET /error/503 answered with 500: closed"}));
}

TEST_F(Answers, AnErrorHasTheFormThatTheClientPrefers) {
  const Reply json = ask("/error/404", kJson);
  EXPECT_EQ(json.header("Content-Type"), "application/problem+json") << json;
  EXPECT_EQ(json.header("Vary"), "Accept");
  EXPECT_EQ(Json::parse(json.body), (Json{{"type", "about:blank"},
                                          {"title", "Not Found"},
                                          {"status", 404},
                                          {"detail", "no such order <1>"}}));
  const Reply html = ask("/error/404", kHtml);
  EXPECT_EQ(html.header("Content-Type"), "text/html; charset=utf-8") << html;
  EXPECT_NE(html.body.find("<p>no such order &lt;1&gt;</p>"), std::string::npos) << html;
  EXPECT_EQ(ask("/error/404", "Accept: */*\r\n").body, "404 Not Found: no such order <1>\n");
}

TEST_F(Answers, AnErrorCanSayMoreOfItself) {
  const Reply reply = ask("/credit", kJson);
  EXPECT_EQ(reply.status, 402) << reply;
  EXPECT_EQ(reply.header("Retry-After"), "7");
  EXPECT_EQ(Json::parse(reply.body), (Json{{"type", "https://example.com/credit"},
                                           {"title", "Not enough credit"},
                                           {"status", 402},
                                           {"detail", "it costs 50"},
                                           {"balance", 30},
                                           {"account", "a\"1"}}));
}

TEST_F(Answers, AnErrorOfAnotherStatusIsA500WithALine) {
  EXPECT_EQ(ask("/error/200").status, 500);
  EXPECT_TRUE(server_.has_logged({"an Error with the status 200; they have 400 to 599"}));
}

TEST_F(Answers, WhatTheServerSaysByItselfHasTheFormTheClientPrefersToo) {
  for (const auto& [path, status] :
       {std::pair("/nowhere", 404), std::pair("/throws", 500), std::pair("/loop/throws", 500)}) {
    const Reply json = ask(path, kJson);
    EXPECT_EQ(json.status, status);
    EXPECT_EQ(json.header("Content-Type"), "application/problem+json") << json;
    EXPECT_EQ(json.body.find("disk"), std::string::npos) << json;
    const Reply html = ask(path, kHtml);
    EXPECT_EQ(html.header("Content-Type"), "text/html; charset=utf-8") << html;
    EXPECT_EQ(html.body.find("disk"), std::string::npos) << html;
  }
  EXPECT_EQ(ask("/throws").body, "500 Internal Server Error\n");
  EXPECT_TRUE(server_.has_logged({"GET /throws answered with 500: no disk <sda>"}));
  client_.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n" + kHtml + "\r\n");
  const Reply head = client_.receive_without_body();
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(ask("/nowhere").status, 404) << "no content was in the way";
}

TEST_F(Answers, APageOfTheApplicationIsThereAlsoWhereTheServerRefusesByItself) {
  const std::string too_long = "POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n";
  EXPECT_TRUE(all_of(too_long + kHtml + "\r\n").ends_with("<p>too much for us</p>"));
  EXPECT_TRUE(all_of(too_long + "\r\n").ends_with("<p>too much for us</p>"));
  EXPECT_TRUE(all_of(too_long + kJson + "\r\n").ends_with(R"({"sorry":"too much"})"));
  EXPECT_TRUE(all_of("nonsense\r\n\r\n").ends_with("<p>what?</p>"));
  EXPECT_TRUE(all_of("GET / HTTP/9.9\r\nHost: a\r\n\r\n").find("505 ") != std::string::npos);
}

TEST_F(Answers, APageCanBeAFunctionThatKnowsRequestAndError) {
  const Reply gone = ask("/error/410?why=since+1999", kJson);
  EXPECT_EQ(gone.status, 410) << gone;
  EXPECT_EQ(gone.body, "<p>/error/410: since 1999</p>");
  EXPECT_EQ(gone.header("X-After"), "410");
  client_.send("DELETE /tagged HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply wrong = client_.receive();
  EXPECT_EQ(wrong.status, 405) << wrong;
  EXPECT_EQ(wrong.body, "not like this\n");
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, GET, HEAD");
  EXPECT_EQ(wrong.header("X-Page"), "yes");
}

TEST_F(Answers, APageThatFailsIsA500AndOneThatIsAnErrorItselfGetsTheServersWords) {
  EXPECT_EQ(ask("/error/423").status, 500);
  EXPECT_TRUE(server_.has_logged({"error_page(423) threw: within its page"}));
  EXPECT_EQ(ask("/error/422?why=x").body, "422 Unprocessable Content: as its page\n");
}

TEST(DevelopmentErrors, ShowTheExceptionAndItsRoute) {
  const ServerProcess server({kAnswersApp, "--workers", "1", "--reload"});
  Client client(server.url());
  const auto ask = [&client](const std::string& path, const std::string& fields) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    return client.receive();
  };
  for (const std::string path : {"/throws", "/loop/throws"}) {
    const Json said = Json::parse(ask(path, kJson).body);
    EXPECT_EQ(said["exception"], "no disk <sda>");
    EXPECT_EQ(said["route"], "GET " + path);
    const Reply html = ask(path, kHtml);
    EXPECT_NE(html.body.find("<pre>no disk &lt;sda&gt;</pre>"), std::string::npos) << html;
    EXPECT_NE(html.body.find("GET " + path), std::string::npos) << html;
    EXPECT_EQ(ask(path, "").body, "500 Internal Server Error\n");
  }
}

// --- JSON ----------------------------------------------------------------------------------------

TEST_F(Answers, JsonIsReadAndWritten) {
  EXPECT_EQ(post("/json", R"({"a":[1,2]})").body, R"({"got":{"a":[1,2]}})");
  EXPECT_EQ(post("/json", "7", "").body, R"({"got":7})") << "without a type it is taken as JSON";
  EXPECT_EQ(post("/json", "7", "Content-Type: application/vnd.x+json; charset=utf-8\r\n").status,
            200);
  const Reply order = post("/order", R"({"id":7,"item":"tea"})");
  EXPECT_EQ(order.status, 201) << order;
  EXPECT_EQ(order.body, R"({"id":7,"item":"tea","price":1.5})");
  EXPECT_EQ(order.header("Content-Type"), "application/json");
  EXPECT_EQ(ask("/bytes").body, "{\"name\":\"caf\xef\xbf\xbd\"}");
}

TEST_F(Answers, JsonThatDoesNotParseIsA400WithItsPlace) {
  EXPECT_EQ(post("/json", "{\n  \"a\": x}").body, "<p>what?</p>");
  const auto detail_of = [this](const std::string& path, const std::string& body) {
    const Reply reply = post(path, body, "Content-Type: application/json\r\n" + kJson);
    EXPECT_EQ(reply.status, 400) << reply;
    return Json::parse(reply.body)["detail"];
  };
  EXPECT_EQ(detail_of("/json", "{\n  \"a\": x}"), "the content is no JSON at line 2, column 8");
  EXPECT_EQ(detail_of("/json", ""), "the content is empty, and has to be JSON");
  EXPECT_EQ(detail_of("/json", "[1"), "the content is no JSON at line 1, column 3");
  EXPECT_EQ(detail_of("/json", std::string(100'000, '[')),
            "the JSON is nested deeper than 128 levels at line 1, column 129");
  EXPECT_EQ(detail_of("/order", R"({"id":7})"), "key 'item' not found");
  EXPECT_EQ(detail_of("/order", R"({"id":7,"item":"tea","price":"1"})"),
            "member 'price': type must be number, but is string");
  EXPECT_EQ(detail_of("/order", R"({"id":"7","item":"tea"})"),
            "member 'id': type must be number, but is string");
  EXPECT_EQ(post("/json", "7").status, 200) << "the worker lives";
}

TEST_F(Answers, AnotherTypeIsA415AndAStreamedContentA500WithALine) {
  EXPECT_EQ(post("/json", "a=1", "Content-Type: application/x-www-form-urlencoded\r\n").body,
            "415 Unsupported Media Type: the content has to be JSON (Content-Type: "
            "application/json)\n");
  EXPECT_EQ(post("/streamed", "7").status, 500);
  EXPECT_TRUE(server_.has_logged({"json() in a handler that streams the content"}));
}

// --- validators ----------------------------------------------------------------------------------

TEST_F(Answers, WhoHasTheContentAlreadyGets304) {
  for (const std::string path : {"/tagged", "/weak", "/hashed", "/dated"}) {
    const Reply reply = ask(path);
    EXPECT_EQ(reply.status, 200) << reply;
    const auto etag = reply.header("ETag");
    const std::string condition =
        etag ? "If-None-Match: " + *etag
             : "If-Modified-Since: " + reply.header("Last-Modified").value_or("none");
    const Reply unchanged = ask(path, condition + "\r\n");
    EXPECT_EQ(unchanged.status, 304) << path << unchanged;
    EXPECT_EQ(unchanged.header("ETag"), etag);
    EXPECT_FALSE(unchanged.header("Content-Type"));
    EXPECT_EQ(ask(path, "If-None-Match: \"other\"\r\n").status, 200) << path;
  }
  EXPECT_EQ(ask("/tagged").header("ETag"), "\"v1\"");
  EXPECT_EQ(ask("/tagged", "If-None-Match: *\r\n").header("Cache-Control"), "no-cache");
  EXPECT_EQ(ask("/weak").header("ETag"), "W/\"v1\"");
  EXPECT_EQ(ask("/dated").header("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  const std::string stream = "GET /tagged/stream HTTP/1.0\r\nHost: a\r\nIf-None-Match: ";
  EXPECT_TRUE(all_of(stream + "\"v0\"\r\n\r\n").ends_with("\r\n\r\nstreamed"));
  EXPECT_TRUE(all_of(stream + "\"v1\"\r\n\r\n").starts_with("HTTP/1.1 304 "));
  EXPECT_NE(ask("/hashed?body=a").header("ETag"), ask("/hashed?body=b").header("ETag"));
}

TEST_F(Answers, WhoWantsAnotherContentGets412) {
  EXPECT_EQ(ask("/tagged", "If-Match: \"v1\"\r\n").status, 200);
  EXPECT_EQ(ask("/tagged", "If-Match: \"v0\"\r\n").body, "412 Precondition Failed\n");
  EXPECT_EQ(ask("/weak", "If-Match: W/\"v1\"\r\n").status, 412);
}

TEST_F(Answers, AStreamHasNoBodyToHash) {
  EXPECT_EQ(ask("/hashed/stream").status, 500);
  EXPECT_TRUE(server_.has_logged({"etag() of a stream: name the tag"}));
}

TEST_F(Answers, ADownloadHasItsNameInEveryAlphabet) {
  EXPECT_EQ(ask("/download?name=a%20b.txt").header("Content-Disposition"),
            "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(ask("/download?name=%E2%82%AC%20100%25.txt").header("Content-Disposition"),
            "attachment; filename=\"_ 100_.txt\"; filename*=UTF-8''%E2%82%AC%20100%25.txt");
  EXPECT_EQ(ask("/download?name=a%0Ab").status, 500);
  EXPECT_TRUE(server_.has_logged({"download(): the name of a file is UTF-8 without control"}));
}

// --- early hints and trailers --------------------------------------------------------------------

TEST_F(Answers, EarlyHintsComeBeforeTheAnswer) {
  for (const std::string path : {"/hints", "/loop/hints", "/later/hints"}) {
    client_.send(get_request(path));
    const Reply hints = client_.receive_without_body();
    EXPECT_EQ(hints.status, 103) << path << hints;
    EXPECT_EQ(hints.header("Link"), "</app.css>; rel=preload; as=style");
    EXPECT_EQ(client_.receive().body, "hinted") << path;
    EXPECT_TRUE(all_of("GET " + path + " HTTP/1.0\r\nHost: a\r\n\r\n").ends_with("not hinted"));
  }
  EXPECT_EQ(ask("/hints/bad").status, 500);
  EXPECT_TRUE(server_.has_logged({"early_hints(): a field that may not be sent"}));
}

TEST_F(Answers, TrailersComeBehindAChunkedContentAlone) {
  const std::string chunked =
      all_of("GET /trailer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(chunked.find("Trailer: Repr-Digest\r\n"), std::string::npos) << chunked;
  EXPECT_TRUE(chunked.ends_with("0\r\nRepr-Digest: sha-256=:AA==:\r\n\r\n")) << chunked;
  EXPECT_TRUE(all_of("GET /trailer HTTP/1.0\r\nHost: a\r\n\r\n").ends_with("\r\n\r\ncontent"));
  EXPECT_TRUE(all_of("GET /trailer/counted HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .ends_with("\r\n\r\ncontent"));
  all_of("GET /trailer/bad HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(server_.has_logged(
      {"trailer 'Content-Length': not a field that may come behind the content"}));
}

}  // namespace
}  // namespace prefork::test
