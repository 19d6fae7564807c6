#include "server/routing/static_paths.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace prefork::routing {
namespace {

TEST(StaticPaths, FindNothingWhereThereIsNothing) {
  const StaticPaths paths;
  for (const std::string_view path : {"", "/", "*", "/a/long/path/to/something"}) {
    EXPECT_EQ(paths.find(path), StaticPaths::kNone) << path;
  }
}

TEST(StaticPaths, FindPathsOfEverySizeAndNoOthers) {
  StaticPaths paths;
  std::string path = "/";
  for (std::uint32_t size = 1; size <= 64; ++size) {
    paths.add(path, size);
    path += static_cast<char>('a' + size % 26);
  }
  path = "/";
  for (std::uint32_t size = 1; size <= 64; ++size) {
    EXPECT_EQ(paths.find(path), size) << path;
    for (std::size_t at = 0; at < path.size(); ++at) {
      std::string other = path;
      other[at] = '!';
      EXPECT_EQ(paths.find(other), StaticPaths::kNone) << other;
    }
    EXPECT_EQ(paths.find(path + "/"), StaticPaths::kNone) << path;
    path += static_cast<char>('a' + size % 26);
  }
}

TEST(StaticPaths, TellPathsApartThatDifferOnlyInTheMiddle) {
  StaticPaths paths;
  paths.add("/begins1/middle/ends1234", 1);
  paths.add("/begins1/muddle/ends1234", 2);
  EXPECT_EQ(paths.find("/begins1/middle/ends1234"), 1U);
  EXPECT_EQ(paths.find("/begins1/muddle/ends1234"), 2U);
  EXPECT_EQ(paths.find("/begins1/meddle/ends1234"), StaticPaths::kNone);
}

TEST(StaticPaths, FindEachOfThousands) {
  StaticPaths paths;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    paths.add("/things/" + std::to_string(i), i);
  }
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(paths.find("/things/" + std::to_string(i)), i);
  }
  EXPECT_EQ(paths.find("/things/5000"), StaticPaths::kNone);
}

}  // namespace
}  // namespace prefork::routing
