#include "server/routing/router.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace prefork::routing {
namespace {

// Each handler says by its status which one it is.
exchange::Handler answering(int status) {
  return [status](const http::Request&, http::Response& response) { response.set_status(status); };
}

exchange::RouteMatch route(const Router& router, http::Method method, std::string_view path) {
  http::Request request;
  request.method = method;
  request.path = path;
  exchange::RouteParameters parameters;
  return router.route(request, parameters);
}

int run(const exchange::RouteMatch& match) {
  http::Response response;
  (*match.handler)(http::Request{}, response);
  return response.status();
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add(http::Method::get, "/things", exchange::RunOn::loop, answering(201));
    router_.add(http::Method::post, "/things", exchange::RunOn::pool, answering(202));
    router_.add(http::Method::delete_, "/other", exchange::RunOn::loop, answering(203));
  }
  Router router_;
};

TEST_F(RouterTest, FindsTheHandlerByPathAndMethod) {
  const exchange::RouteMatch get = route(router_, http::Method::get, "/things");
  ASSERT_NE(get.handler, nullptr);
  EXPECT_EQ(run(get), 201);
  EXPECT_EQ(get.run_on, exchange::RunOn::loop);
  const exchange::RouteMatch post = route(router_, http::Method::post, "/things");
  ASSERT_NE(post.handler, nullptr);
  EXPECT_EQ(run(post), 202);
  EXPECT_EQ(post.run_on, exchange::RunOn::pool);
}

TEST_F(RouterTest, PassesOnWhatARouteSaysOfItsContent) {
  router_.add(http::Method::put, "/things", {.streams_body = true, .body_limit = 7},
              answering(204));
  const exchange::RouteMatch put = route(router_, http::Method::put, "/things");
  EXPECT_TRUE(put.streams_body);
  EXPECT_EQ(put.run_on, exchange::RunOn::pool) << "reading may have to wait";
  EXPECT_EQ(put.body_limit, 7U);
  const exchange::RouteMatch post = route(router_, http::Method::post, "/things");
  EXPECT_FALSE(post.streams_body);
  EXPECT_EQ(post.body_limit, std::nullopt);
}

TEST_F(RouterTest, LetsTheGetHandlerAnswerHead) {
  const exchange::RouteMatch head = route(router_, http::Method::head, "/things");
  ASSERT_NE(head.handler, nullptr);
  EXPECT_EQ(run(head), 201);
  EXPECT_EQ(route(router_, http::Method::head, "/other").handler, nullptr);
}

TEST_F(RouterTest, AnswersAnUnknownPathWith404) {
  for (const std::string_view path : {"/", "", "/thing", "/things/", "/THINGS", "/things/x"}) {
    const exchange::RouteMatch match = route(router_, http::Method::get, path);
    EXPECT_EQ(match.handler, nullptr) << path;
    EXPECT_EQ(match.status, 404) << path;
    EXPECT_EQ(match.allow.to_text(), "") << path;
  }
  EXPECT_EQ(route(router_, http::Method::options, "/nowhere").status, 404);
}

TEST_F(RouterTest, AnswersAKnownPathWithAnotherMethodWith405AndWhatItAllows) {
  const exchange::RouteMatch put = route(router_, http::Method::put, "/things");
  EXPECT_EQ(put.handler, nullptr);
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(put.allow.to_text(), "OPTIONS, GET, HEAD, POST");
  EXPECT_EQ(route(router_, http::Method::get, "/other").allow.to_text(), "OPTIONS, DELETE");
  EXPECT_EQ(route(router_, http::Method::trace, "/things").status, 405);
  EXPECT_EQ(route(router_, http::Method::other, "/things").status, 405);
}

TEST_F(RouterTest, AnswersOptionsFromWhatAPathAllows) {
  const exchange::RouteMatch match = route(router_, http::Method::options, "/things");
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.status, 204);
  EXPECT_EQ(match.allow.to_text(), "OPTIONS, GET, HEAD, POST");
}

TEST_F(RouterTest, AnswersOptionsAboutTheServerAsAWhole) {
  const exchange::RouteMatch match = route(router_, http::Method::options, "*");
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.status, 204);
}

TEST_F(RouterTest, FindsARouteForHeadAlone) {
  Router router;
  router.add(http::Method::head, "/probe", exchange::RunOn::loop, answering(204));
  const exchange::RouteMatch head = route(router, http::Method::head, "/probe");
  ASSERT_NE(head.handler, nullptr) << "the path says Allow: " << head.allow.to_text();
  EXPECT_EQ(run(head), 204);
}

// Routes whose handlers answer with 201, 202 and so on.
struct Written {
  std::string_view method;
  std::string_view pattern;
};

// What a router made of a request: the handler and its parameters ("201 id=7"), or the status with
// what is allowed.
std::string outcome(const Router& router, std::string_view method, std::string_view path) {
  http::Request request;
  const http::MethodNumber number = http::method_number(method);
  request.method = number < static_cast<http::MethodNumber>(http::Method::other)
                       ? static_cast<http::Method>(number)
                       : http::Method::other;
  request.method_text = method;
  request.path = path;
  exchange::RouteParameters parameters;
  const exchange::RouteMatch match = router.route(request, parameters);
  if (match.handler == nullptr) {
    EXPECT_EQ(parameters.count, 0U) << path;
    const std::string allow = match.allow.to_text();
    return std::to_string(match.status) + (allow.empty() ? "" : " " + allow);
  }
  std::string text = std::to_string(run(match));
  for (const http::Field& parameter : parameters.view()) {
    text.append(" ").append(parameter.name).append("=").append(parameter.value);
  }
  return text;
}

class RouterTable : public testing::Test {
 protected:
  void add(const std::vector<Written>& routes) {
    for (const Written& route : routes) {
      EXPECT_TRUE(router_.add(route.method, route.pattern, {}, answering(++last_)).ok());
    }
  }
  void expect(std::string_view request, std::string_view expected) {
    const std::size_t space = request.find(' ');
    EXPECT_EQ(outcome(router_, request.substr(0, space), request.substr(space + 1)), expected)
        << request;
  }

  Router router_;
  int last_ = 200;
};

TEST_F(RouterTable, GivesTheParametersTheirNames) {
  add({{"GET", "/items/{id}"}, {"GET", "/a/{x}/b/{y}"}, {"GET", "/files/{path...}"}});
  expect("GET /items/7", "201 id=7");
  expect("GET /a/1/b/2", "202 x=1 y=2");
  expect("GET /files/css/site.css", "203 path=css/site.css");
  expect("GET /files/", "404");
  expect("GET /items/", "404");
}

TEST_F(RouterTable, EachMethodOfAPatternHasNamesOfItsOwn) {
  add({{"GET", "/items/{id}"}, {"PUT", "/items/{item}"}});
  expect("GET /items/7", "201 id=7");
  expect("PUT /items/7", "202 item=7");
  expect("HEAD /items/7", "201 id=7");
  expect("DELETE /items/7", "405 OPTIONS, GET, HEAD, PUT");
}

TEST_F(RouterTable, TheBestPatternThatHasTheMethodAnswers) {
  add({{"GET", "/items/{id}"}, {"POST", "/items/new"}, {"DELETE", "/{path...}"}});
  expect("GET /items/new", "201 id=new");
  expect("HEAD /items/new", "201 id=new");
  expect("POST /items/new", "202");
  expect("DELETE /items/new", "203 path=items/new");
  expect("POST /items/7", "405 OPTIONS, GET, HEAD, DELETE");
}

TEST_F(RouterTable, APathTakesTheMethodsOfAllPatternsThatMatch) {
  add({{"GET", "/items/{id}"}, {"POST", "/items/new"}, {"PURGE", "/{path...}"}, {"PUT", "/x"}});
  expect("PATCH /items/new", "405 OPTIONS, GET, HEAD, POST, PURGE");
  expect("OPTIONS /items/new", "204 OPTIONS, GET, HEAD, POST, PURGE");
  expect("OPTIONS /items/7", "204 OPTIONS, GET, HEAD, PURGE");
  expect("OPTIONS /elsewhere", "204 OPTIONS, PURGE");
  expect("OPTIONS /", "404");
  expect("OPTIONS *", "204");
}

TEST_F(RouterTable, HeadHasItsOwnRouteOrTheOneOfGetAtTheSamePattern) {
  add({{"GET", "/both"}, {"HEAD", "/both"}, {"GET", "/items/new"}, {"HEAD", "/items/{id}"}});
  expect("GET /both", "201");
  expect("HEAD /both", "202");
  expect("HEAD /items/new", "203");
  expect("HEAD /items/7", "204 id=7");
  expect("GET /items/7", "405 OPTIONS, HEAD");
}

TEST_F(RouterTable, OptionsCanHaveARoute) {
  add({{"OPTIONS", "/api/{path...}"}, {"GET", "/api/items"}});
  expect("OPTIONS /api/items", "201 path=items");
  expect("PUT /api/items", "405 OPTIONS, GET, HEAD");
}

TEST_F(RouterTable, TakesEachMethodThatARequestCanHave) {
  add({{"PROPFIND", "/dav/{path...}"}, {"M-SEARCH", "/dav/{path...}"}, {"TRACE", "/"}});
  expect("PROPFIND /dav/x", "201 path=x");
  expect("M-SEARCH /dav/x", "202 path=x");
  expect("MKCOL /dav/x", "405 OPTIONS, PROPFIND, M-SEARCH");
  expect("GET /dav/x", "405 OPTIONS, PROPFIND, M-SEARCH");
  expect("TRACE /", "203");
}

TEST_F(RouterTable, RefusesARouteThatIsThereAlready) {
  add({{"GET", "/things"}, {"GET", "/items/{id}"}, {"PROPFIND", "/files/{path...}"}});
  EXPECT_EQ(router_.add("GET", "/things", {}, answering(500)).problem().text,
            "route GET '/things': the same as route GET '/things'");
  EXPECT_EQ(router_.add("GET", "/items/{item}", {}, answering(500)).problem().text,
            "route GET '/items/{item}': the same as route GET '/items/{id}'");
  EXPECT_EQ(router_.add("PROPFIND", "/files/{file...}", {}, answering(500)).problem().text,
            "route PROPFIND '/files/{file...}': the same as route PROPFIND '/files/{path...}'");
  expect("GET /things", "201");
  expect("GET /items/7", "202 id=7");
}

TEST_F(RouterTable, RefusesMethodsAndPatternsThatNoRequestHas) {
  EXPECT_EQ(router_.add("get", "/", {}, answering(500)).problem().text,
            "route get '/': 'get' is no method that a request can have");
  EXPECT_EQ(router_.add("CONNECT", "/", {}, answering(500)).problem().text,
            "route CONNECT '/': 'CONNECT' is no method that a request can have");
  EXPECT_EQ(router_.add("GET", "/{a}/{a}", {}, answering(500)).problem().text,
            "route GET '/{a}/{a}': two parameters with the name 'a'");
  EXPECT_EQ(router_.add("GET", "/a\nb", {}, answering(500)).problem().text,
            "route GET '/a\\x0ab': a control character, which no path has");
  expect("GET /", "404");
  expect("GET /1/1", "404");
}

TEST_F(RouterTable, LeavesNoParametersOfWaysThatLedNowhere) {
  add({{"POST", "/{a}/{b}/{c}"}, {"GET", "/{rest...}"}, {"POST", "/x/{b}/d"}});
  expect("GET /x/y/z", "202 rest=x/y/z");
  expect("POST /x/y/z", "201 a=x b=y c=z");
  expect("POST /x/y/d", "203 b=y");
  expect("PUT /x/y/z", "405 OPTIONS, GET, HEAD, POST");
}

using RouterDeathTest = RouterTest;

TEST_F(RouterDeathTest, ABadRouteInTheServersOwnSourceAborts) {
  EXPECT_DEATH(router_.add(http::Method::get, "/things", exchange::RunOn::loop, answering(599)),
               "route GET '/things': the same as route GET '/things'");
}

}  // namespace
}  // namespace prefork::routing
