#include "server/files/path.h"

#include <gtest/gtest.h>

namespace prefork::files {
namespace {

using namespace std::string_view_literals;

std::string name_of(std::string_view path) {
  std::string storage = "left over";
  return std::string(name_static_path(path, storage));
}

TEST(StaticPath, IsTheNameOfItsFile) {
  for (const std::string_view path :
       {"/"sv, "/a"sv, "/a/"sv, "/a/b.c"sv, "/a b"sv, "/a\\..\\b"sv, "/\xC0\xAE\xC0\xAE/x"sv,
        "/a..b"sv, "/%2e%2e/x"sv, "/;/x"sv}) {
    EXPECT_EQ(name_of(path), path);
  }
}

TEST(StaticPath, HasNoEmptySegments) {
  EXPECT_EQ(name_of("//"), "/");
  EXPECT_EQ(name_of("//a///b//"), "/a/b/");
  EXPECT_EQ(name_of("//evil.example/x"), "/evil.example/x");
  EXPECT_EQ(name_of("/a//b"), "/a/b");
}

TEST(StaticPath, ThroughAHiddenNameLeadsNowhere) {
  for (const std::string_view path : {"/.git/config"sv, "/.env"sv, "/a/.hidden"sv, "/a/.hidden/"sv,
                                      "/.."sv, "/../x"sv, "/a/../b"sv, "/."sv, "/a/./b"sv, "/..."sv,
                                      "//.x"sv, "/.well-known2/x"sv, "/.Well-Known/x"sv}) {
    EXPECT_EQ(name_of(path), "") << path;
  }
  EXPECT_EQ(name_of("/.well-known/acme-challenge/x"), "/.well-known/acme-challenge/x");
}

TEST(StaticPath, WithoutASlashInFrontOrWithANulLeadsNowhere) {
  for (const std::string_view path : {""sv, "*"sv, "a"sv, "a/b"sv, "/a\0.html"sv, "/\0"sv}) {
    EXPECT_EQ(name_of(path), "");
  }
}

TEST(StaticPath, HasAnExtensionInItsLastSegment) {
  EXPECT_TRUE(has_extension("/a.js"));
  EXPECT_TRUE(has_extension("/v1/a.js"));
  EXPECT_FALSE(has_extension("/v1.2/users"));
  EXPECT_FALSE(has_extension("/a.b/"));
  EXPECT_FALSE(has_extension("/"));
}

TEST(StaticPath, IsEncodedForAUrl) {
  std::string out = "x";
  append_url_path(out, "/a b/\xC3\xA9%2e?#\"<>'&;\r\n\\:");
  EXPECT_EQ(out, "x/a%20b/%C3%A9%252e%3F%23%22%3C%3E%27&;%0D%0A%5C%3A");
}

}  // namespace
}  // namespace prefork::files
