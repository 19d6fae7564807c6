// The files as they are served, with the settings of production.
#include <gtest/gtest.h>

#include <prefork/test.hpp>

namespace {

prefork::TestClient open_site() {
  return prefork::TestClient("public", {"--config", "{{name}}.toml"});
}

TEST(Site, HasAPageThatBrowsersAskForAgain) {
  prefork::TestClient client = open_site();
  const prefork::TestResponse page = client.get("/");
  ASSERT_EQ(page.status(), 200) << client.log();
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  EXPECT_EQ(client.get("/", {{"If-None-Match", page.header("ETag").value()}}).status(), 304);
}

TEST(Site, HasWhatItsPageRefersTo) {
  prefork::TestClient client = open_site();
  EXPECT_NE(client.get("/").body().find("href=\"/style.css\""), std::string::npos);
  const prefork::TestResponse style = client.get("/style.css");
  EXPECT_EQ(style.status(), 200);
  EXPECT_EQ(style.header("Cache-Control"), "max-age=3600");
}

TEST(Site, SaysWhatItDoesNotHave) { EXPECT_EQ(open_site().get("/nowhere").status(), 404); }

}  // namespace
