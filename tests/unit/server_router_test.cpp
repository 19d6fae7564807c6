#include "server/router.h"

#include <gtest/gtest.h>

#include <string_view>

namespace prefork {
namespace {

// Each handler says by its status which one it is.
Handler answering(int status) {
  return [status](const Request&, Response& response) { response.set_status(status); };
}

Routed route(const Router& router, Method method, std::string_view path) {
  Request request;
  request.method = method;
  request.path = path;
  return router.route(request);
}

int run(const Routed& routed) {
  Response response;
  (*routed.handler)(Request{}, response);
  return response.status();
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add(Method::get, "/things", RunOn::loop, answering(201));
    router_.add(Method::post, "/things", RunOn::pool, answering(202));
    router_.add(Method::delete_, "/other", RunOn::loop, answering(203));
  }
  Router router_;
};

TEST_F(RouterTest, FindsTheHandlerByPathAndMethod) {
  const Routed get = route(router_, Method::get, "/things");
  ASSERT_NE(get.handler, nullptr);
  EXPECT_EQ(run(get), 201);
  EXPECT_EQ(get.run_on, RunOn::loop);
  const Routed post = route(router_, Method::post, "/things");
  ASSERT_NE(post.handler, nullptr);
  EXPECT_EQ(run(post), 202);
  EXPECT_EQ(post.run_on, RunOn::pool);
}

TEST_F(RouterTest, PassesOnWhatARouteSaysOfItsContent) {
  router_.add(Method::put, "/things", {.streams_body = true, .body_limit = 7}, answering(204));
  const Routed put = route(router_, Method::put, "/things");
  EXPECT_TRUE(put.streams_body);
  EXPECT_EQ(put.run_on, RunOn::pool) << "reading may have to wait";
  EXPECT_EQ(put.body_limit, 7U);
  const Routed post = route(router_, Method::post, "/things");
  EXPECT_FALSE(post.streams_body);
  EXPECT_EQ(post.body_limit, std::nullopt);
}

TEST_F(RouterTest, LetsTheGetHandlerAnswerHead) {
  const Routed head = route(router_, Method::head, "/things");
  ASSERT_NE(head.handler, nullptr);
  EXPECT_EQ(run(head), 201);
  EXPECT_EQ(route(router_, Method::head, "/other").handler, nullptr);
}

TEST_F(RouterTest, AnswersAnUnknownPathWith404) {
  for (const std::string_view path : {"/", "", "/thing", "/things/", "/THINGS", "/things/x"}) {
    const Routed routed = route(router_, Method::get, path);
    EXPECT_EQ(routed.handler, nullptr) << path;
    EXPECT_EQ(routed.status, 404) << path;
    EXPECT_EQ(routed.allow, "") << path;
  }
  EXPECT_EQ(route(router_, Method::options, "/nowhere").status, 404);
}

TEST_F(RouterTest, AnswersAKnownPathWithAnotherMethodWith405AndWhatItAllows) {
  const Routed put = route(router_, Method::put, "/things");
  EXPECT_EQ(put.handler, nullptr);
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(put.allow, "OPTIONS, GET, HEAD, POST");
  EXPECT_EQ(route(router_, Method::get, "/other").allow, "OPTIONS, DELETE");
  EXPECT_EQ(route(router_, Method::trace, "/things").status, 405);
  EXPECT_EQ(route(router_, Method::other, "/things").status, 405);
}

TEST_F(RouterTest, AnswersOptionsFromWhatAPathAllows) {
  const Routed routed = route(router_, Method::options, "/things");
  EXPECT_EQ(routed.handler, nullptr);
  EXPECT_EQ(routed.status, 204);
  EXPECT_EQ(routed.allow, "OPTIONS, GET, HEAD, POST");
}

TEST_F(RouterTest, AnswersOptionsAboutTheServerAsAWhole) {
  const Routed routed = route(router_, Method::options, "*");
  EXPECT_EQ(routed.handler, nullptr);
  EXPECT_EQ(routed.status, 204);
}

TEST_F(RouterTest, FindsARouteForHeadAlone) {
  Router router;
  router.add(Method::head, "/probe", RunOn::loop, answering(204));
  const Routed head = route(router, Method::head, "/probe");
  ASSERT_NE(head.handler, nullptr) << "the path says Allow: " << head.allow;
  EXPECT_EQ(run(head), 204);
}

TEST_F(RouterTest, TheFirstOfTwoEqualRoutesWins) {
  router_.add(Method::get, "/things", RunOn::loop, answering(599));
  EXPECT_EQ(run(route(router_, Method::get, "/things")), 201);
}

}  // namespace
}  // namespace prefork
