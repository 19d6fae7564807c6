// What browsers are told: CORS and the security headers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/server/include/loaded_app.h"

namespace prefork {
namespace {

AppQuestion preflight(const std::string& target, const std::string& method,
                      std::string_view origin = "https://shop.example") {
  static std::string asked;
  asked = method;
  return {.method = "OPTIONS",
          .target = target,
          .fields = {{"Origin", origin},
                     {"Access-Control-Request-Method", asked},
                     {"Access-Control-Request-Headers", "content-type"}}};
}

void define_shop(App& app) {
  app.cors({.origins = {"https://shop.example", "http://localhost:3000"},
            .credentials = true,
            .exposed = {"ETag", "X-Total"}});
  app.before([](const Request& request) -> std::optional<Response> {
    if (!request.header("Authorization")) return text("who are you", 401);
    return std::nullopt;
  });
  app.get("/orders", [] { return "orders"; });
  app.put("/orders", [] { return "put"; });
  app.group("/open").cors({.origins = {"*"}, .methods = {"GET"}, .headers = {"X-Key"}}).get("", [] {
    return "open";
  });
  app.route("OPTIONS", "/own", [] { return 204; });
}

TEST(Cors, AnswersThePreflightOfEveryRouteBeforeAnybodyAsksWhoItIs) {
  LoadedApp app(define_shop);
  ASSERT_EQ(app.failure(), "");
  const AppAnswer answer = app.ask(preflight("/orders", "PUT"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(answer.field("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(answer.field("Access-Control-Allow-Methods"), "OPTIONS, GET, HEAD, PUT");
  EXPECT_EQ(answer.field("Access-Control-Allow-Headers"), "content-type");
  EXPECT_EQ(answer.field("Access-Control-Max-Age"), "600");
  EXPECT_EQ(answer.field("Vary"), "Origin");
  EXPECT_EQ(app.ask(preflight("/orders", "DELETE")).status, 405);
  EXPECT_EQ(app.ask(preflight("/nowhere", "GET")).status, 404);
  const AppAnswer foreign = app.ask(preflight("/orders", "PUT", "https://evil.example"));
  EXPECT_EQ(foreign.field("Access-Control-Allow-Origin"), "-");
  EXPECT_EQ(foreign.field("Access-Control-Allow-Methods"), "-");
  EXPECT_EQ(app.ask({.method = "OPTIONS", .target = "/orders"}).status, 401) << "is no preflight";
  EXPECT_EQ(app.ask(preflight("/own", "GET")).status, 401) << "is the application's own";
}

TEST(Cors, SaysOfEachAnswerWhoMaySeeIt) {
  LoadedApp app(define_shop);
  const auto ask = [&](const std::string& target, std::string_view origin) {
    return app.ask({.target = target, .fields = {{"Origin", origin}, {"Authorization", "me"}}});
  };
  const AppAnswer answer = ask("/orders", "http://localhost:3000");
  EXPECT_EQ(answer.body, "orders");
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(answer.field("Access-Control-Expose-Headers"), "ETag, X-Total");
  EXPECT_EQ(ask("/nowhere", "http://localhost:3000").field("Access-Control-Allow-Origin"),
            "http://localhost:3000");
  for (const char* origin :
       {"https://shop.example.evil", "http://shop.example", "null", "https://SHOP.example"}) {
    EXPECT_EQ(ask("/orders", origin).field("Access-Control-Allow-Origin"), "-") << origin;
    EXPECT_EQ(ask("/orders", origin).field("Vary"), "Origin");
  }
  EXPECT_EQ(app.get("/orders").field("Vary"), "Origin") << "also without an origin";
  const AppAnswer refused =
      app.ask({.target = "/orders", .fields = {{"Origin", "https://shop.example"}}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.field("Access-Control-Allow-Origin"), "https://shop.example");
}

TEST(Cors, OfTheInnermostGroupCounts) {
  LoadedApp app(define_shop);
  const AppAnswer answer = app.ask(preflight("/open", "GET", "https://any.example"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.field("Access-Control-Allow-Credentials"), "-");
  EXPECT_EQ(answer.field("Access-Control-Allow-Methods"), "GET");
  EXPECT_EQ(answer.field("Access-Control-Allow-Headers"), "X-Key");
  EXPECT_EQ(app.ask(preflight("/open", "HEAD", "https://any.example")).status, 405);
}

TEST(Cors, IsRefusedWhereItWouldNotDoWhatItSays) {
  const auto failure = [](const Cors& cors) {
    return load_failure([&](App& app) { app.cors(cors); });
  };
  EXPECT_EQ(failure({}), "cors(): no origin; name some, or \"*\" for all");
  EXPECT_EQ(failure({.origins = {"*"}, .credentials = true}),
            "cors(): credentials are for origins that are named, not for \"*\"");
  for (const char* origin : {"shop.example", "https://shop.example/", "https://*.example", "null",
                             "https://", "https://a b"}) {
    EXPECT_EQ(failure({.origins = {origin}})
                  .find("cors(): '" + std::string(origin) + "' is no origin as browsers send it"),
              0U)
        << origin;
  }
  EXPECT_NE(failure({.origins = {"*", "https://a.example"}}), "");
  EXPECT_EQ(failure({.origins = {"*"}, .methods = {"GET, PUT"}}),
            "cors(): 'GET, PUT' is no name of a method");
  EXPECT_EQ(failure({.origins = {"*"}, .exposed = {"X:"}}), "cors(): 'X:' is no name of a field");
  EXPECT_EQ(failure({.origins = {"*"}, .max_age = std::chrono::seconds(-1)}),
            "cors(): max_age is below 0");
}

// --- security headers ----------------------------------------------------------------------------

TEST(SecurityHeaders, AreSetWhereAnAnswerHasNoneOfItsOwn) {
  LoadedApp app([](App& defined) {
    defined.security_headers();
    defined.get("/", [] { return "x"; });
    defined.get("/own", [] { return text("x").header("X-Frame-Options", "SAMEORIGIN"); });
    defined.get("/framed", [] {
      return text("x").header("Content-Security-Policy", "frame-ancestors https://a.example");
    });
    defined.group("/embed")
        .security_headers({.frame_options = "", .content_security_policy = "default-src 'self'"})
        .get("", [] { return "x"; });
  });
  for (const char* path : {"/", "/nowhere"}) {
    const AppAnswer answer = app.get(path);
    EXPECT_EQ(answer.field("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(answer.field("Referrer-Policy"), "strict-origin-when-cross-origin");
    EXPECT_EQ(answer.field("X-Frame-Options"), "DENY");
    EXPECT_EQ(answer.field("Strict-Transport-Security"), "-") << "only over https";
  }
  EXPECT_EQ(app.get("/own").field("X-Frame-Options"), "SAMEORIGIN");
  EXPECT_EQ(app.get("/framed").field("X-Frame-Options"), "-");
  EXPECT_EQ(app.get("/embed").field("Content-Security-Policy"), "default-src 'self'");
  EXPECT_EQ(app.get("/embed").field("X-Frame-Options"), "-");
  EXPECT_EQ(
      app.ask({.target = "/", .scheme = http::Scheme::https}).field("Strict-Transport-Security"),
      "max-age=31536000");
}

TEST(SecurityHeaders, AreRefusedWithALineEnd) {
  EXPECT_EQ(load_failure([](App& app) { app.security_headers({.referrer_policy = "a\r\nX: b"}); }),
            "security_headers(): a value has a line end in it");
}

}  // namespace
}  // namespace prefork
