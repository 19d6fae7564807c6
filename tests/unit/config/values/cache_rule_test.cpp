#include "config/values/cache_rule.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

bool matches(const std::string& pattern, std::string_view path) {
  return CacheRule{pattern, "x"}.matches(path);
}

TEST(CacheRule, WithoutASlashIsAboutTheNameOfTheFile) {
  EXPECT_TRUE(matches("*.js", "/app.js"));
  EXPECT_TRUE(matches("*.js", "/assets/deep/app.js"));
  EXPECT_TRUE(matches("index.html", "/a/index.html"));
  EXPECT_TRUE(matches("*", "/a/b"));
  EXPECT_FALSE(matches("*.js", "/app.js.map"));
  EXPECT_FALSE(matches("*.js", "/x.js/readme"));
  EXPECT_FALSE(matches("app", "/app.js"));
}

TEST(CacheRule, WithASlashIsAboutTheWholePath) {
  EXPECT_TRUE(matches("/assets/*", "/assets/a.css"));
  EXPECT_TRUE(matches("/assets/*", "/assets/deep/a.css"));
  EXPECT_TRUE(matches("*/v2/*", "/api/v2/x"));
  EXPECT_FALSE(matches("/assets/*", "/x/assets/a.css"));
  EXPECT_FALSE(matches("assets/*", "/assets/a.css"));
}

TEST(CacheRule, KnowsStarsAndQuestionMarksAndNothingElse) {
  EXPECT_TRUE(matches("a?c", "/abc"));
  EXPECT_FALSE(matches("a?c", "/ac"));
  EXPECT_TRUE(matches("a*b*c", "/aXbYbZc"));
  EXPECT_FALSE(matches("a*b*c", "/aXbYbZ"));
  EXPECT_TRUE(matches("**", "/"));
  EXPECT_TRUE(matches("[a]", "/[a]"));
  EXPECT_FALSE(matches("[a]", "/a"));
}

TEST(CacheRule, TakesNoLongForAPatternOfManyStars) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", "/" + std::string(10'000, 'a')));
}

TEST(CacheRule, IsSplitAtTheFirstEqualsSign) {
  const Options options =
      options_of({"/usr", "--cache-control=*.js= public, max-age=31536000, immutable ",
                  "--cache-control", "*=no-cache"});
  EXPECT_EQ(
      options.files.cache_control,
      (std::vector<CacheRule>{{"*.js", "public, max-age=31536000, immutable"}, {"*", "no-cache"}}));
}

TEST(CacheRule, ThatCannotGoOnTheWireIsRefused) {
  EXPECT_EQ(errors_of({"/usr", "--cache-control", "=x"}),
            (Lines{"--cache-control: '=x' has no pattern; use PATTERN=VALUE as in "
                   "*.js=max-age=3600"}));
  EXPECT_EQ(errors_of({"/usr", "--cache-control", "a= "}),
            (Lines{"--cache-control: 'a= ' has no value; use PATTERN=VALUE as in "
                   "*.js=max-age=3600"}));
  EXPECT_EQ(errors_of({"/usr", "--cache-control", "a=b\r\nX: y"}),
            (Lines{"--cache-control: the value for 'a' may only have letters, digits and "
                   "punctuation: 'b\\x0d\\x0aX: y'"}));
}

TEST(ServedPath, OptionsOfFoldersNeedAFolder) {
  EXPECT_EQ(errors_of({"--spa", "--index=a.html"}),
            (Lines{"--index: has no effect without a folder to serve; name one",
                   "--spa: has no effect without a folder to serve; name one"}));
}

TEST(ServedPath, ComesFromTheEnvironmentAndTheFileToo) {
  const TemporaryFolder folder;
  EXPECT_EQ(options_of({}, {{"PREFORK_APP", "/usr"}}).target.path, "/usr");
  const std::string file = folder.write("c.toml", "app = \"/usr\"\nlisting = true\n");
  EXPECT_EQ(options_of({"--config", file}).target.kind, ServeTarget::Kind::folder);
  EXPECT_EQ(options_of({"--config", file, "/etc"}).target.path, "/etc");
}

}  // namespace
}  // namespace prefork::config
