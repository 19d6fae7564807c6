// The forms that handlers may have.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/server/include/loaded_app.h"

namespace prefork {
namespace {

using namespace std::string_view_literals;

Response plain(const Request& request) { return text(std::string(request.path())); }

TEST(Handler, ReturnsAResponseTextAStatusOrNothing) {
  const std::string kept = "kept";
  LoadedApp app([&](App& defined) {
    defined.get("/plain", plain);
    defined.get("/function", App::Handler(plain));
    defined.get("/copy", [](Request request) { return std::string(request.path()); });
    defined.get("/text", [] { return "text"; });
    defined.get("/view", [] { return "view"sv; });
    defined.get("/reference", [&]() -> const std::string& { return kept; });
    defined.get("/status", [] { return 404; });
    defined.get("/nothing", [](const Request&) {});
    defined.get("/generic", [](const auto& request) { return std::string(request.method()); });
    defined.get("/moved", [owned = std::make_unique<std::string>("owned")] { return *owned; });
    defined.get("/mutable", on_loop, [count = 0]() mutable { return std::to_string(++count); });
  });
  ASSERT_EQ(app.failure(), "");
  EXPECT_EQ(app.get("/plain").body, "/plain");
  EXPECT_EQ(app.get("/function").body, "/function");
  EXPECT_EQ(app.get("/copy").body, "/copy");
  EXPECT_EQ(app.get("/text").body, "text");
  EXPECT_EQ(app.get("/text").field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(app.get("/view").body, "view");
  EXPECT_EQ(app.get("/reference").body, "kept");
  EXPECT_EQ(app.get("/status").status, 404);
  EXPECT_EQ(app.get("/status").body, "");
  EXPECT_EQ(app.get("/nothing").status, 204);
  EXPECT_EQ(app.get("/generic").body, "GET");
  EXPECT_EQ(app.get("/moved").body, "owned");
  EXPECT_EQ(app.get("/mutable").body, "1");
  EXPECT_EQ(app.get("/mutable").body, "2");
}

TEST(Handler, ThatReturnsANullPointerIsAFailure) {
  LoadedApp app([](App& defined) { defined.get("/", []() -> const char* { return nullptr; }); });
  EXPECT_EQ(app.get("/").status, 500);
  EXPECT_EQ(app.get("/").failure, "a handler returned a null pointer as text");
}

TEST(Handler, AroundFunctionsAreMoveOnlyToo) {
  LoadedApp app([](App& defined) {
    defined.before([text = std::make_unique<int>(1)](const Request&) {});
    defined.after([text = std::make_unique<std::string>("x")](const Request&, Response& response) {
      response.header("X", *text);
    });
    defined.on_error([status = std::make_unique<int>(418)](const Request&, const std::exception&) {
      return *status;
    });
    defined.get("/", []() -> int { throw std::runtime_error("x"); });
    defined.get("/later", deferred,
                [text = std::make_unique<std::string>("later")](
                    const Request&, Responder responder) { responder.send(prefork::text(*text)); });
  });
  EXPECT_EQ(app.get("/").status, 418);
  EXPECT_EQ(app.get("/").field("X"), "x");
  EXPECT_EQ(app.get("/later").body, "later");
}

TEST(Handler, ThatIsNoneIsRefusedWhateverItsForm) {
  Response (*const none)(const Request&) = nullptr;
  EXPECT_EQ(load_failure([&](App& app) { app.get("/a", none); }),
            "route GET '/a': the function is none");
  EXPECT_EQ(load_failure([](App& app) { app.get("/a", std::function<int()>()); }),
            "route GET '/a': the function is none");
  EXPECT_EQ(load_failure([](App& app) { app.group("/b").get("/a", nullptr); }),
            "route GET '/b/a': the function is none");
}

}  // namespace
}  // namespace prefork
