// What stands around answers, and where: groups, their order, limits, state of requests.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tests/unit/server/include/loaded_app.h"

namespace prefork {
namespace {

struct Path {
  std::string text;
};

// Each leaves its name.
auto entering(const std::string& name) {
  return [name](const Request& request) { request.state<Path>().text += name + ">"; };
}
auto leaving(const std::string& name) {
  return [name](const Request& request, Response& response) {
    response.body(std::string(response.body()) + "<" + name);
    response.header("X-Path", request.state<Path>().text);
  };
}

void define_nested(App& app) {
  Group& admin = app.group("/admin");
  Group& users = admin.group("/users");
  users.get("/{id}", [](const Request& request) {
    return request.state<Path>().text + std::string(request.parameter("id"));
  });
  users.get("/loop", on_loop, [](const Request& request) { return request.state<Path>().text; });
  users.get("/deferred", deferred, [](Request request, Responder responder) {
    responder.send(text(request.state<Path>().text));
  });
  admin.get("", [] { return "admin"; });
  app.get("/shop", [] { return "shop"; });
  // Behind the routes, and the outer ones last.
  users.before(entering("users")).after(leaving("users"));
  admin.before(entering("admin")).after(leaving("admin"));
  app.before(entering("app1")).before(entering("app2")).after(leaving("app"));
}

TEST(Group, StandsInTheOrderOfPlacesAroundEveryKindOfHandler) {
  LoadedApp app(define_nested);
  ASSERT_EQ(app.failure(), "");
  EXPECT_EQ(app.get("/admin/users/7").body, "app1>app2>admin>users>7<users<admin<app");
  EXPECT_EQ(app.get("/admin/users/loop").body, "app1>app2>admin>users><users<admin<app");
  EXPECT_EQ(app.get("/admin/users/deferred").body, "app1>app2>admin>users><users<admin<app");
  EXPECT_EQ(app.get("/admin").body, "admin<admin<app");
  EXPECT_EQ(app.get("/shop").body, "shop<app");
}

TEST(Group, StandsAroundWhatTheServerAnswersBelowItsPrefix) {
  LoadedApp app(define_nested);
  for (const char* path : {"/admin/users/1/2", "/admin/users", "/admin/users/"}) {
    const AppAnswer nothing = app.get(path);
    EXPECT_EQ(nothing.status, 404) << path;
    EXPECT_EQ(nothing.field("X-Path"), "app1>app2>admin>users>") << path;
    EXPECT_TRUE(nothing.body.ends_with("<users<admin<app")) << nothing.body;
  }
  const AppAnswer wrong = app.ask({.method = "POST", .target = "/admin/users/7"});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.field("X-Path"), "app1>app2>admin>users>");
  EXPECT_EQ(app.ask({.method = "OPTIONS", .target = "/admin"}).field("X-Path"), "app1>app2>admin>");
  EXPECT_EQ(app.get("/administrator").field("X-Path"), "app1>app2>") << "another place";
  EXPECT_EQ(app.get("/nowhere").field("X-Path"), "app1>app2>");
}

TEST(Group, HoldsForWhateverIsAddedBelowItByWhomever) {
  const auto closed = [](const Request&) { return std::optional(text("closed", 401)); };
  LoadedApp app([&](App& defined) {
    defined.get("/admin/early", [] { return "early"; });
    defined.get("/{section}/report", [] { return "report"; });
    defined.get("/files/{path...}", [] { return "file"; });
    defined.group("/admin").before(closed);
    defined.group("/files/private").before(closed);
    defined.get("/admin/late", [] { return "late"; });
    defined.group("/admin/users").get("", [] { return "users"; });
  });
  for (const char* path : {"/admin/early", "/admin/late", "/admin/users", "/admin/report",
                           "/files/private/a", "/files/private"}) {
    EXPECT_EQ(app.get(path).status, 401) << path;
  }
  EXPECT_EQ(app.get("/shop/report").body, "report");
  EXPECT_EQ(app.get("/files/public/a").body, "file");
}

TEST(Group, OfAPrefixWithParametersKnowsThemInBefore) {
  LoadedApp app([](App& defined) {
    Group& shop = defined.group("/shops/{shop}");
    shop.before(
        [](const Request& request) { request.state<Path>().text = request.parameter("shop"); });
    shop.get("/orders/{id}",
             [](const Request& request) { return request.state<Path>().text + " orders"; });
    defined.get("/shops/new", [](const Request& request) {
      return request.find_state<Path>() == nullptr ? "another place" : "in the group";
    });
  });
  EXPECT_EQ(app.get("/shops/7/orders/1").body, "7 orders");
  EXPECT_EQ(app.get("/shops/new").body, "another place");
}

TEST(Group, GivesErrorsToTheInnermostWhoTakesThem) {
  LoadedApp app([](App& defined) {
    defined.on_error([](const Request&, const std::exception& error) {
      return text(std::string("app: ") + error.what(), 500);
    });
    Group& api = defined.group("/api");
    api.on_error([](const Request&, const std::exception& error) {
      if (std::string_view(error.what()) == "mine") {
        return text("api: mine", 418);
      }
      throw std::runtime_error(std::string("not mine: ") + error.what());
    });
    api.get("/mine", []() -> Response { throw std::runtime_error("mine"); });
    api.get("/other", []() -> Response { throw std::runtime_error("other"); });
    defined.get("/app", []() -> Response { throw std::runtime_error("app"); });
    Group& inner = api.group("/inner");
    inner.before([](const Request&) { throw std::runtime_error("mine"); });
    inner.get("", [] { return "never"; });
  });
  EXPECT_EQ(app.get("/api/mine").body, "api: mine");
  EXPECT_EQ(app.get("/api/other").body, "app: not mine: other");
  EXPECT_EQ(app.get("/app").body, "app: app");
  EXPECT_EQ(app.get("/api/inner").body, "api: mine");
}

TEST(Group, AnErrorSaysItsStatusWhereNobodyTakesIt) {
  LoadedApp app([](App& defined) {
    defined.get("/gone", []() -> Response { throw Error(410, "sold out"); });
    defined.get("/busy", []() -> Response { throw Error(503, "later"); });
    defined.get("/deferred", deferred,
                [](Request, Responder) { throw Error(404, "no such order"); });
    defined.get("/kept", deferred, [](Request, Responder responder) {
      responder.send(text("sent"));
      throw std::runtime_error("too late");
    });
    defined.get("/dropped", deferred, [](Request, Responder responder) {
      try {
        const Responder mine = std::move(responder);
        throw std::runtime_error("caught");
      } catch (const std::exception&) {
      }
    });
  });
  EXPECT_EQ(app.get("/gone").status, 410);
  EXPECT_EQ(app.get("/gone").body, "410 Gone: sold out\n");
  EXPECT_EQ(app.get("/gone").failure, "") << "the client's fault is none of ours";
  EXPECT_EQ(app.get("/busy").status, 503);
  EXPECT_EQ(app.get("/busy").failure, "later");
  EXPECT_EQ(app.get("/deferred").status, 404);
  EXPECT_EQ(app.get("/deferred").body, "404 Not Found: no such order\n");
  EXPECT_EQ(app.get("/kept").body, "sent");
  EXPECT_EQ(app.lines().back(), "a deferred handler threw: too late");
  EXPECT_EQ(app.get("/dropped").status, 500);
}

TEST(Group, SaysLimitAndPoolOfItsRoutes) {
  LoadedApp app([](App& defined) {
    defined.body_limit(1000);
    Group& reports = defined.group("/reports");
    reports.body_limit(10).pool(on_pool("slow", Priority::low));
    reports.post("/a", [] {});
    reports.post("/b", on_pool("fast"), body_limit(20), [] {});
    reports.post("/c", on_loop, [] {});
    reports.post("/d", upload(30), [] {});
    reports.group("/inner").post("/e", [] {});
    defined.post("/f", [] {});
    defined.post("/reports/g", [] {});
  });
  ASSERT_EQ(app.failure(), "");
  const auto limit = [&](const std::string& path) { return app.route("POST", path).body_limit; };
  const auto pool = [&](const std::string& path) {
    return app.route("POST", path).profile->pool();
  };
  EXPECT_EQ(limit("/reports/a"), 10U);
  EXPECT_EQ(limit("/reports/b"), 20U);
  EXPECT_EQ(limit("/reports/c"), 10U);
  EXPECT_EQ(limit("/reports/d"), 30U);
  EXPECT_EQ(limit("/reports/inner/e"), 10U);
  EXPECT_EQ(limit("/f"), 1000U);
  EXPECT_EQ(limit("/reports/g"), 10U);
  EXPECT_EQ(pool("/reports/a"), "slow");
  EXPECT_EQ(app.route("POST", "/reports/a").profile->priority(), exchange::Priority::low);
  EXPECT_EQ(pool("/reports/b"), "fast");
  EXPECT_EQ(pool("/reports/c"), "");
  EXPECT_EQ(pool("/reports/d"), "slow");
  EXPECT_EQ(pool("/reports/inner/e"), "slow");
  EXPECT_EQ(pool("/f"), "");
}

TEST(Group, HasItsOwnNotFound) {
  LoadedApp app([](App& defined) {
    Group& api = defined.group("/api");
    api.not_found([] { return text("no such thing in the API", 404); });
    api.after([](const Request&, Response& response) { response.header("X-Api", "yes"); });
  });
  EXPECT_EQ(app.get("/api/x").body, "no such thing in the API");
  EXPECT_EQ(app.get("/api/x").field("X-Api"), "yes");
  EXPECT_EQ(app.get("/x").body, "404 Not Found\n");
  EXPECT_EQ(app.get("/x").status, 404);
}

TEST(Group, IsTheSameForTheSamePrefix) {
  LoadedApp app([](App& defined) {
    EXPECT_EQ(&defined.group("/a").group("/b"), &defined.group("/a/b"));
    EXPECT_NE(&defined.group("/a"), &defined.group("/b"));
  });
  EXPECT_EQ(app.failure(), "");
}

TEST(Group, IsRefusedWithTheReason) {
  for (const char* prefix : {"", "/", "admin", "/admin/", "/a//b", "/a/{b...}", "/a/{", "/a?b"}) {
    EXPECT_EQ(
        load_failure([&](App& app) { app.group(prefix); }),
        "group '" + std::string(prefix) + "': a prefix is a path like /admin or /shops/{shop}");
  }
  EXPECT_EQ(load_failure([](App& app) {
              app.group("/shops/{shop}");
              app.group("/shops/{id}");
            }),
            "group '/shops/{id}': the same as group '/shops/{shop}'");
  EXPECT_EQ(load_failure([](App& app) { app.group("/admin").get("users", [] { return ""; }); }),
            "route GET '/adminusers': what follows the group's prefix begins with a slash");
  EXPECT_EQ(
      load_failure([](App& app) {
        app.post("/admin/x", [] {});
        app.group("/admin").body_limit(10);
      }),
      "group '/admin': body_limit() comes before its routes, and '/admin/x' is there already");
  EXPECT_EQ(load_failure([](App& app) {
              app.post("/x", [] {});
              app.pool(on_pool("slow"));
            }),
            "the application: pool() comes before its routes, and '/x' is there already");
  EXPECT_EQ(load_failure([](App& app) { app.post("/x", body_limit(0), [] {}); }),
            "route POST '/x': body_limit(0): at least 1");
  EXPECT_EQ(load_failure([](App& app) { app.group("/a").body_limit(0); }),
            "group '/a': body_limit(0): at least 1");
  EXPECT_EQ(load_failure([](App& app) { app.group("/a").before(nullptr); }),
            "before(): the function is none");
}

// --- state of requests ---------------------------------------------------------------------------

// Counts those that are there.
class CountedState {
 public:
  explicit CountedState(int& there) : there_(&there) { ++*there_; }
  CountedState(const CountedState&) = delete;
  CountedState& operator=(const CountedState&) = delete;
  ~CountedState() { --*there_; }

 private:
  int* there_;
};

TEST(RequestState, LivesAsLongAsTheRequest) {
  int there = 0;
  int seen = 0;
  LoadedApp app([&](App& defined) {
    defined.before([&](const Request& request) {
      request.emplace_state<CountedState>(there);
      request.emplace_state<CountedState>(there);
    });
    defined.after([&](const Request& request, Response&) {
      seen += there;
      EXPECT_NE(request.find_state<CountedState>(), nullptr);
    });
    defined.get("/", [] { return 200; });
    defined.get("/deferred", deferred, [](Request request, Responder responder) {
      const Request copy = request;
      responder.send(Response(200));
      EXPECT_NE(copy.find_state<CountedState>(), nullptr);
    });
  });
  for (const char* path : {"/", "/deferred", "/nowhere"}) {
    app.get(path);
    EXPECT_EQ(there, 0) << path;
  }
  EXPECT_EQ(seen, 3);
}

TEST(RequestState, IsOneValueOfEachTypeAndStartsAnewWithEachRequest) {
  LoadedApp app([](App& defined) {
    defined.get("/", [](const Request& request) {
      EXPECT_EQ(request.find_state<int>(), nullptr);
      request.state<int>() += 1;
      request.state<int>() += 1;
      request.emplace_state<std::string>(3, 'x');
      request.state<std::unique_ptr<int>>() = std::make_unique<int>(5);
      return std::to_string(request.state<int>()) + request.state<std::string>() +
             std::to_string(*request.state<std::unique_ptr<int>>());
    });
  });
  EXPECT_EQ(app.get("/").body, "2xxx5");
  EXPECT_EQ(app.get("/").body, "2xxx5");
}

TEST(RequestState, OfATypeThatMakesItselfNotIsAskedForInVain) {
  LoadedApp app([](App& defined) {
    defined.get("/", [](const Request& request) {
      request.state<CountedState>();
      return 200;
    });
  });
  EXPECT_EQ(app.get("/").status, 500);
  EXPECT_EQ(app.get("/").failure,
            "there is no state of the type that was asked for: emplace_state()");
}

TEST(RequestState, NeedsAServerThatKeepsIt) {
  prefork_request native{};
  native.size = offsetof(prefork_request, state);
  const prefork_api api{};
  const Request request(api, native);
  EXPECT_EQ(request.find_state<int>(), nullptr);
  EXPECT_THROW(request.state<int>(), std::runtime_error);
}

}  // namespace
}  // namespace prefork
