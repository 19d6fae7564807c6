#include "server/routing/route_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/exchange/application.h"

namespace prefork::routing {
namespace {

using testing::HasSubstr;

// Text as it is, parameters as ":name", wildcards as "*name", with a bar between parts.
std::string parts_of(std::string_view pattern) {
  const auto parsed = parse_route_pattern(pattern);
  if (!parsed.ok()) {
    return "problem: " + parsed.problem().text;
  }
  std::string text;
  for (const RoutePart& part : parsed.value()) {
    text += part.kind == RoutePart::Kind::parameter  ? ":"
            : part.kind == RoutePart::Kind::wildcard ? "*"
                                                     : "";
    text.append(part.text).append("|");
  }
  return text;
}

TEST(RoutePattern, IsDividedAtItsSlashes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/", "|"},
      {"/items", "items|"},
      {"/items/", "items||"},
      {"/items/{id}", "items|:id|"},
      {"/items/{id}/", "items|:id||"},
      {"/a/{x}/b/{y}", "a|:x|b|:y|"},
      {"/{_a1}", ":_a1|"},
      {"/files/{path...}", "files|*path|"},
      {"/{all...}", "*all|"},
      {"/{user}/{path...}", ":user|*path|"},
      {"//a//b", "|a||b|"},
      {"/caf\xC3\xA9/a b", "caf\xC3\xA9|a b|"},
      {"/100%/...", "100%|...|"},
      {"/%4g", "%4g|"},
  };
  for (const auto& [pattern, parts] : cases) {
    EXPECT_EQ(parts_of(pattern), parts) << pattern;
  }
}

TEST(RoutePattern, IsRefusedWithWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "does not begin with a slash"},
      {"*", "does not begin with a slash"},
      {"items", "does not begin with a slash"},
      {"{x}", "does not begin with a slash"},
      {"/{}", "'' is no name for a parameter"},
      {"/{...}", "'' is no name for a parameter"},
      {"/{1a}", "'1a' is no name for a parameter"},
      {"/{a-b}", "'a-b' is no name for a parameter"},
      {"/{a b}", "'a b' is no name for a parameter"},
      {"/{a..}", "'a..' is no name for a parameter"},
      {"/{a....}", "'a.' is no name for a parameter"},
      {"/{caf\xC3\xA9}", "is no name for a parameter"},
      {"/{a", "'{a' is neither text nor a parameter"},
      {"/a}", "'a}' is neither text nor a parameter"},
      {"/{", "'{' is neither text nor a parameter"},
      {"/x{a}", "'x{a}' is neither text nor a parameter"},
      {"/{a}.html", "'{a}.html' is neither text nor a parameter"},
      {"/{a}{b}", "'{a}{b}' is neither text nor a parameter"},
      {"/{{a}}", "'{{a}}' is neither text nor a parameter"},
      {"/{a/b}", "'{a' is neither text nor a parameter"},
      {"/{a...}/b", "the wildcard '{a...}' can only be the last part"},
      {"/{a...}/", "the wildcard '{a...}' can only be the last part"},
      {"/{a}/{a}", "two parameters with the name 'a'"},
      {"/{a}/b/{a...}", "two parameters with the name 'a'"},
      {"/a/./b", "no dot segments"},
      {"/..", "no dot segments"},
      {"/a\nb", "control character"},
      {std::string("/a\0b", 4), "control character"},
      {"/a\x7F", "control character"},
      {"/search?q=1", "the query is no part of a route"},
      {"/a%20b", "'%20' is never found"},
  };
  for (const auto& [pattern, problem] : cases) {
    EXPECT_THAT(parts_of(pattern), HasSubstr("problem: ")) << pattern;
    EXPECT_THAT(parts_of(pattern), HasSubstr(problem)) << pattern;
  }
}

TEST(RoutePattern, HasNoMoreThanSoManyParametersAndParts) {
  std::string pattern;
  for (std::size_t i = 0; i < exchange::kMaxRouteParameters; ++i) {
    pattern += "/{p" + std::to_string(i) + "}";
  }
  EXPECT_EQ(parts_of(pattern).find("problem"), std::string::npos);
  EXPECT_EQ(parts_of(pattern + "/{more}"), "problem: more than 8 parameters");
  EXPECT_EQ(parts_of(pattern + "/{more...}"), "problem: more than 8 parameters");
  std::string deep;
  for (std::size_t i = 0; i < kMaxRouteParts; ++i) {
    deep += "/x";
  }
  EXPECT_EQ(parts_of(deep).find("problem"), std::string::npos);
  EXPECT_EQ(parts_of(deep + "/x"), "problem: more than 32 parts");
}

}  // namespace
}  // namespace prefork::routing
