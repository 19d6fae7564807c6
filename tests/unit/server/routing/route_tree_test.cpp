#include "server/routing/route_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace prefork::routing {
namespace {

std::vector<RoutePart> parse(std::string_view pattern) {
  auto parsed = parse_route_pattern(pattern);
  EXPECT_TRUE(parsed.ok()) << pattern;
  return std::move(parsed).value();
}

RouteTree make_tree(const std::vector<std::string>& patterns) {
  RouteTree tree;
  for (const std::string& pattern : patterns) {
    tree.add(parse(pattern));
  }
  return tree;
}

struct Found {
  std::uint32_t pattern = 0;
  std::vector<std::string> values;
  bool operator==(const Found&) const = default;
};

// Everything a search finds; checks on the way what holds for each search. An underscore stands for
// a slash that was sent encoded.
std::vector<Found> find_all(const RouteTree& tree, std::string_view segments) {
  std::vector<Found> all;
  std::string path(segments);
  std::replace(path.begin(), path.end(), '_', '/');
  exchange::RouteParameters parameters;
  RouteSearch matches(tree, path, segments, parameters);
  for (auto at = matches.next(); at != RouteTree::kNone; at = matches.next()) {
    Found found{at, {}};
    for (const http::Field& parameter : parameters.view()) {
      EXPECT_GE(parameter.value.data(), path.data());
      EXPECT_LE(parameter.value.data() + parameter.value.size(), path.data() + path.size());
      found.values.emplace_back(parameter.value);
    }
    all.push_back(std::move(found));
  }
  EXPECT_EQ(parameters.count, 0U) << "left over from a way that led nowhere";
  EXPECT_EQ(matches.next(), RouteTree::kNone) << "the end of a search is its end";
  EXPECT_LE(matches.steps(), tree.node_count()) << path;
  return all;
}

// The pattern found first and its values, as text.
std::string best(const std::vector<std::string>& patterns, std::string_view path) {
  const auto all = find_all(make_tree(patterns), path);
  if (all.empty()) {
    return "none";
  }
  std::string text = patterns[all.front().pattern];
  for (const std::string& value : all.front().values) {
    text += " [" + value + "]";
  }
  return text;
}

TEST(RouteTree, FindsTheBestPattern) {
  const std::vector<std::string> patterns = {
      "/",          "/items", "/items/",       "/items/{id}",       "/items/new", "/a/{x}/b/{y}",
      "/a/{x}/c",   "/a/b/d", "/files/{p...}", "/files/{name}/raw", "/w/{x}/{y}", "/w/{rest...}",
      "/w/x/{r...}"};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/", "/"},
      {"", "none"},
      {"*", "none"},
      {"items", "none"},
      {"//", "none"},
      {"/item", "none"},
      {"/itemsx", "none"},
      {"/ITEMS", "none"},
      {"/items", "/items"},
      {"/items/", "/items/"},
      {"/items//", "none"},
      {"/items/7", "/items/{id} [7]"},
      {"/items/7/", "none"},
      {"/items/new", "/items/new"},
      {"/items/newer", "/items/{id} [newer]"},
      {"/items/{id}", "/items/{id} [{id}]"},
      {"/items/a b\xC3\xA9?", "/items/{id} [a b\xC3\xA9?]"},
      {"/a/1/b/2", "/a/{x}/b/{y} [1] [2]"},
      {"/a//b/2", "none"},
      {"/a/1/b/", "none"},
      {"/a/b/d", "/a/b/d"},
      {"/a/b/c", "/a/{x}/c [b]"},
      {"/a/b/b/d", "/a/{x}/b/{y} [b] [d]"},
      {"/a/b/e", "none"},
      {"/files", "none"},
      {"/files/", "none"},
      {"/files//etc/passwd", "none"},
      {"/files/a", "/files/{p...} [a]"},
      {"/files/a/", "/files/{p...} [a/]"},
      {"/files/a//b/", "/files/{p...} [a//b/]"},
      {"/files/a/raw", "/files/{name}/raw [a]"},
      {"/files/a/raw/", "/files/{p...} [a/raw/]"},
      {"/files/a/raws", "/files/{p...} [a/raws]"},
      {"/w/1/2", "/w/{x}/{y} [1] [2]"},
      {"/w/1", "/w/{rest...} [1]"},
      {"/w/1/2/3", "/w/{rest...} [1/2/3]"},
      {"/w/x/y", "/w/x/{r...} [y]"},
      {"/w/x/y/z", "/w/x/{r...} [y/z]"},
      {"/w/x", "/w/{rest...} [x]"},
      {"/w/x/", "/w/{rest...} [x/]"},
  };
  for (const auto& [path, expected] : cases) {
    EXPECT_EQ(best(patterns, path), expected) << path;
  }
}

TEST(RouteTree, FindsAllPatternsThatMatchBestFirst) {
  const std::vector<std::string> patterns = {
      "/{all...}", "/{a}/{b}", "/x/{rest...}", "/x/{b}", "/{a}/y", "/x/y", "/x/y/z", "/{a}/{b...}"};
  const std::vector<Found> expected = {{5, {}},         {3, {"y"}},      {2, {"y"}},  {4, {"x"}},
                                       {1, {"x", "y"}}, {7, {"x", "y"}}, {0, {"x/y"}}};
  EXPECT_EQ(find_all(make_tree(patterns), "/x/y"), expected);
}

TEST(RouteTree, PatternsThatDifferOnlyInNamesAreTheSame) {
  RouteTree tree;
  EXPECT_EQ(tree.add(parse("/a/{x}/b")), 0U);
  EXPECT_EQ(tree.add(parse("/a/{x}")), 1U);
  EXPECT_EQ(tree.add(parse("/a/{y}/b")), 0U);
  EXPECT_EQ(tree.add(parse("/a/{x...}")), 2U);
  EXPECT_EQ(tree.add(parse("/a/{z...}")), 2U);
  EXPECT_EQ(tree.add(parse("/a/x")), 3U);
  EXPECT_EQ(tree.add(parse("/a/")), 4U);
  EXPECT_EQ(tree.add(parse("/a")), 5U);
}

TEST(RouteTree, TakesTheLongestPattern) {
  std::string path;
  for (std::size_t i = 1; i < kMaxRouteParts; ++i) {
    path += "/x";
  }
  EXPECT_EQ(best({path + "/{end}"}, path + "/y"), path + "/{end} [y]");
  EXPECT_EQ(best({path + "/{end...}"}, path + "/y/y/y"), path + "/{end...} [y/y/y]");
  EXPECT_EQ(best({path + "/{end}"}, path + "/y/y"), "none");
  EXPECT_EQ(best({path + "/{end}"}, path), "none");
}

// Text and parameter at each of so many parts, so that each prefix has two ways on.
std::vector<std::string> all_ways(std::size_t parts, const std::string& end) {
  std::vector<std::string> patterns;
  for (std::size_t way = 0; way < std::size_t{1} << parts; ++way) {
    std::string pattern;
    for (std::size_t i = 0; i < parts; ++i) {
      pattern += (way >> i & 1) != 0 ? "/{p" + std::to_string(i) + "}" : "/a";
    }
    patterns.push_back(pattern + end);
  }
  return patterns;
}

TEST(RouteTree, ASlashThatCameEncodedBelongsToItsPart) {
  EXPECT_EQ(best({"/p/{a}/{b}"}, "/p/a_b/c"), "/p/{a}/{b} [a/b] [c]");
  EXPECT_EQ(best({"/p/{a}/{b}"}, "/p/a_b"), "none");
  EXPECT_EQ(best({"/p/a/b", "/p/{a}"}, "/p/a_b"), "/p/{a} [a/b]") << "text is compared as divided";
  EXPECT_EQ(best({"/admin/{a}", "/{a}"}, "/admin_x"), "/{a} [admin/x]");
  EXPECT_EQ(best({"/f/{rest...}"}, "/f/a_b/c"), "/f/{rest...} [a/b/c]");
  EXPECT_EQ(best({"/f/{rest...}"}, "/f/_etc/passwd"), "none") << "no absolute path";
  EXPECT_EQ(best({"/f/{a}"}, "/f/_"), "/f/{a} [/]");
}

TEST(RouteTree, AHopelessPathCostsNoMoreStepsThanTheTreeHasNodes) {
  const RouteTree tree = make_tree(all_ways(exchange::kMaxRouteParameters, "/x/y"));
  // 255 below which the path branches, 256 of the last part but one, as many of the last one.
  ASSERT_EQ(tree.node_count(), 511U + 512U);
  for (const std::string end : {"/x/z", "/x", "/x/y/", "/z", "", "/x/y/z"}) {
    const std::string path = "/a/a/a/a/a/a/a/a" + end;
    EXPECT_TRUE(find_all(tree, path).empty()) << path;
  }
  EXPECT_EQ(find_all(tree, "/a/a/a/a/a/a/a/a/x/y").size(), 256U);
  EXPECT_EQ(find_all(tree, "/b/b/b/b/b/b/b/b/x/y").size(), 1U);
}

TEST(RouteTree, StepsDoNotGrowWithThePath) {
  const RouteTree tree = make_tree(all_ways(6, "/x"));
  const auto steps = [&tree](std::string_view path) {
    exchange::RouteParameters parameters;
    RouteSearch matches(tree, path, path, parameters);
    while (matches.next() != RouteTree::kNone) {
    }
    return matches.steps();
  };
  std::string path = "/a/a/a/a/a/a/b";
  const std::size_t before = steps(path);
  EXPECT_GT(before, 64U);
  for (int i = 0; i < 4000; ++i) {
    path += "/a";
  }
  EXPECT_EQ(steps(path), before);
}

TEST(RouteTree, HostilePathsAreEitherFoundOrNot) {
  constexpr std::size_t kSize = 8192;
  const std::vector<std::string> patterns = {"/{a}", "/{a}/{b}", "/f/{rest...}", "//{a}", "/"};
  std::string repeated;
  while (repeated.size() < kSize) {
    repeated += "/f";
  }
  EXPECT_EQ(best(patterns, std::string(kSize, '/')), "none");
  EXPECT_EQ(best(patterns, "/f" + std::string(kSize, '/')), "none");
  EXPECT_EQ(best(patterns, repeated), "/f/{rest...} [" + repeated.substr(3) + "]");
  const std::string letters(kSize, 'f');
  EXPECT_EQ(best(patterns, "/" + letters), "/{a} [" + letters + "]");
  EXPECT_EQ(best(patterns, "//" + letters), "//{a} [" + letters + "]");
  EXPECT_EQ(best(patterns, "/" + letters + "/" + letters),
            "/{a}/{b} [" + letters + "] [" + letters + "]");
}

// The rules once more, as slow as they can be written.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    parts.push_back(path.substr(1, end - 1));
    path.remove_prefix(end);
  }
  return parts;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = parse(pattern);
  const auto parts = split(path);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i >= parts.size()) {
      return std::nullopt;
    }
    if (wanted[i].kind == RoutePart::Kind::text) {
      if (wanted[i].text != parts[i]) {
        return std::nullopt;
      }
      continue;
    }
    if (parts[i].empty()) {
      return std::nullopt;
    }
    if (wanted[i].kind == RoutePart::Kind::wildcard) {
      values.emplace_back(parts[i].data(), path.data() + path.size());
      return values;
    }
    values.emplace_back(parts[i]);
  }
  return wanted.size() == parts.size() ? std::optional(values) : std::nullopt;
}

std::string random_path(std::mt19937& random, const std::vector<std::string>& choices) {
  std::string path;
  const std::size_t parts = 1 + random() % 5;
  for (std::size_t i = 0; i < parts; ++i) {
    path += "/" + choices[random() % choices.size()];
  }
  return path;
}

TEST(RouteTree, FindsWhatComparingWithEachPatternFinds) {
  std::mt19937 random(4711);
  std::size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    RouteTree tree;
    std::vector<std::string> patterns;
    for (std::size_t i = 0; i < 20; ++i) {
      // Names come from the place, so that each pattern is written in one way only.
      std::string pattern = random_path(random, {"a", "b", "ab", "", "{}", "{}"});
      for (std::size_t at = pattern.find("{}"); at != pattern.npos; at = pattern.find("{}")) {
        pattern.replace(at, 2, "{p" + std::to_string(at) + "}");
      }
      if (random() % 4 == 0) {
        pattern += "/{rest...}";
      }
      if (tree.add(parse(pattern)) == patterns.size()) {
        patterns.push_back(pattern);
      }
    }
    for (int i = 0; i < 50; ++i) {
      const std::string path = random_path(random, {"a", "b", "ab", "", "c"});
      std::vector<std::pair<std::string, Found>> expected;
      for (std::uint32_t at = 0; at < patterns.size(); ++at) {
        if (auto values = match(patterns[at], path)) {
          // Best first: the kinds of the parts, compared from the left.
          std::string kinds;
          for (const RoutePart& part : parse(patterns[at])) {
            kinds += static_cast<char>('0' + static_cast<int>(part.kind));
          }
          expected.push_back({kinds, {at, std::move(*values)}});
        }
      }
      std::sort(expected.begin(), expected.end(),
                [](const auto& left, const auto& right) { return left.first < right.first; });
      const auto actual = find_all(tree, path);
      ASSERT_EQ(actual.size(), expected.size()) << path;
      for (std::size_t j = 0; j < actual.size(); ++j) {
        EXPECT_EQ(actual[j], expected[j].second) << path;
      }
      found += actual.size();
    }
  }
  EXPECT_GT(found, 10'000U) << "the paths hardly ever match";
}

}  // namespace
}  // namespace prefork::routing
