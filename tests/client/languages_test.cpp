// Applications in other languages (tests/apps/languages), and the one that was built with the first
// release of the interface and kept.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <prefork/test.hpp>
#include <string>

namespace {

using prefork::TestClient;

class AnotherLanguage : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ::setenv("RUST_BACKTRACE", "0", 1);  // a panic is one line
    if (!std::filesystem::exists(file_)) {
      GTEST_SKIP() << "there is no compiler for it";
    }
  }

  const std::string file_ = PREFORK_TEST_APPS "/libtest_app_" + GetParam() + ".so";
};

TEST_P(AnotherLanguage, LoadsServesFailsAndEndsAsOneInCppDoes) {
  const std::string language = GetParam() == "c" ? "C" : "Rust";
  TestClient client(file_);
  EXPECT_NE(client.log().find("the application in " + language + " starts in worker 0"),
            std::string::npos)
      << client.log();
  EXPECT_EQ(client.get("/").body(), "Hello from " + language + "\n");
  EXPECT_EQ(client.get("/hello/a%2Fb").body(), "Hello, a/b!\n");
  EXPECT_EQ(client.get("/visits").body(), "1\n");
  EXPECT_EQ(client.get("/visits").body(), "2\n");
  EXPECT_EQ(client.get("/stream").body(), "piece\npiece\npiece\n");
  EXPECT_EQ(client.get("/fails").status(), 500);
  EXPECT_NE(client.log().find("out of tea"), std::string::npos) << client.log();
  EXPECT_EQ(client.get("/").status(), 200) << "a failure ends its request alone";
}

INSTANTIATE_TEST_SUITE_P(Languages, AnotherLanguage, testing::Values("c", "rust"),
                         [](const auto& tested) { return tested.param; });

class FirstRelease : public testing::TestWithParam<std::string> {};

TEST_P(FirstRelease, StillLoadsAndDoesTheSame) {
#ifndef __x86_64__
  if (GetParam() == "kept") {
    GTEST_SKIP() << "the binary is for x86-64";
  }
#endif
  ::setenv("TEST_APP_FOLDER", PREFORK_FIRST_RELEASE "/include/prefork", 1);
  TestClient client(GetParam() == "kept" ? PREFORK_FIRST_RELEASE "/libfirst_release.so"
                                         : PREFORK_TEST_APPS "/libtest_app_first_release.so");
  EXPECT_EQ(client.get("/").body(), "Hello, World!\n");
  EXPECT_EQ(client.get("/").header("X-After"), "yes");
  EXPECT_EQ(client.get("/", {{"X-Block", "1"}}).status(), 403);
  client.cookies().set("c", "crumb");
  EXPECT_EQ(client.request("POST", "/all/7").query("q", "a").form({{"f", "x"}}).send().body(),
            "7 q=a cookie=crumb form=x");
  EXPECT_EQ(client.get("/loop").body(), "loop");
  EXPECT_EQ(client.get("/throws").status(), 500);
  EXPECT_NE(client.log().find("on purpose"), std::string::npos) << client.log();
  EXPECT_EQ(client.get("/stream").body(), std::string(100'000, 'x'));
  EXPECT_EQ(client.get("/events").body(), "event: kind\ndata: two\ndata: lines\n\n");
  EXPECT_EQ(client.put("/upload", std::string(2'000'000, 'u')).body(), "2000000");
  EXPECT_EQ(client.get("/later").body(), "later");
  EXPECT_EQ(client.post("/orders").body(), "2 7");
  EXPECT_EQ(client.get("/worker").body(), "0 leads");
  EXPECT_EQ(client.get("/assets/abi.h").header("Cache-Control"), "max-age=60");
  EXPECT_EQ(client.get("/nowhere").body(), "nothing at /nowhere");
  EXPECT_NE(client.log().find("leads"), std::string::npos) << client.log();
}

INSTANTIATE_TEST_SUITE_P(Builds, FirstRelease, testing::Values("kept", "anew"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
