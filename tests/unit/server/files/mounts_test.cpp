#include "server/files/mounts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/unit/config/config_support.h"

namespace prefork::files {
namespace {

class StaticMountsTest : public testing::Test {
 protected:
  StaticMountsTest() {
    folder_.write("index.html", "root");
    folder_.write("a.txt", "a");
    folder_.write("docs/b.txt", "b");
  }

  void mount(const std::string& prefix, bool spa = false) {
    StaticSettings settings;
    settings.folder = folder_.path();
    settings.spa = spa;
    ASSERT_TRUE(mounts_.add(prefix, settings).ok());
    mounts_.open("", {});
  }

  exchange::RouteMatch route(const std::string& path, http::Method method = http::Method::get,
                             std::string_view segments = {}) {
    const http::Field accept{"Accept", "text/html"};
    http::Request request;
    request.method = method;
    request.path = path;
    request.segments = segments;
    request.fields = {&accept, 1};
    return mounts_.route(request);
  }

  const config::TemporaryFolder folder_;
  StaticMounts mounts_;
};

TEST_F(StaticMountsTest, AnswerWhatTheFolderHas) {
  mount("/");
  for (const char* path : {"/", "/a.txt", "/docs", "/docs/b.txt"}) {
    EXPECT_TRUE(route(path).has_handler()) << path;
    EXPECT_TRUE(route(path, http::Method::head).has_handler()) << path;
    EXPECT_EQ(route(path, http::Method::post).status, 405) << path;
    EXPECT_EQ(route(path, http::Method::options).status, 204) << path;
    EXPECT_EQ(route(path, http::Method::options).allow.to_text(), "OPTIONS, GET, HEAD") << path;
  }
}

TEST_F(StaticMountsTest, LeaveTheRestToOthers) {
  mount("/");
  for (const char* path : {"/nothing", "/docs/", "/a.txt/", "/.git", "/docs/nothing"}) {
    for (const auto method : {http::Method::get, http::Method::post, http::Method::options}) {
      EXPECT_FALSE(route(path, method).has_handler()) << path;
      EXPECT_EQ(route(path, method).status, 404) << path;
      EXPECT_TRUE(route(path, method).allow.empty()) << path;
    }
  }
}

TEST_F(StaticMountsTest, TheIndexStandsForUnknownPathsWhereItCouldBeSent) {
  mount("/", true);
  EXPECT_TRUE(route("/users/17").has_handler());
  EXPECT_EQ(route("/users/17", http::Method::post).status, 404);
  EXPECT_EQ(route("/nothing.js").status, 404);
}

TEST_F(StaticMountsTest, CoverWholeSegmentsOfThePath) {
  mount("/assets");
  EXPECT_TRUE(route("/assets/a.txt").has_handler());
  EXPECT_TRUE(route("/assets").has_handler()) << "a redirect";
  EXPECT_FALSE(route("/assetsa.txt").has_handler());
  EXPECT_FALSE(route("/a.txt").has_handler());
  const std::string_view encoded("/assets\0a.txt", 13);
  EXPECT_FALSE(route("/assets/a.txt", http::Method::get, encoded).has_handler());
}

}  // namespace
}  // namespace prefork::files
