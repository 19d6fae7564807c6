#include "config/new_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string folder_of(const Arguments& arguments) {
  const Loaded loaded = load_options(arguments, {{"PREFORK_WORKERS", "not read"}});
  EXPECT_EQ(loaded.action, Action::new_project);
  EXPECT_EQ(lines_of(loaded.errors), Lines{});
  return loaded.new_project;
}

TEST(NewCommand, TakesTheFolderToMake) {
  EXPECT_EQ(folder_of({"new", "shop"}), "shop");
  EXPECT_EQ(folder_of({"new", "/srv/my apps/Shop_2-x/"}), "/srv/my apps/Shop_2-x");
}

TEST(NewCommand, TakesAKindBeforeOrBehindTheName) {
  const auto kind_of = [](const Arguments& arguments) {
    const Loaded loaded = load_options(arguments, {});
    EXPECT_EQ(loaded.new_project, "shop");
    return loaded.new_kind;
  };
  EXPECT_EQ(kind_of({"new", "shop"}), "");
  EXPECT_EQ(kind_of({"new", "shop", "--kind", "api"}), "api");
  EXPECT_EQ(kind_of({"new", "--kind=site", "shop"}), "site");
  EXPECT_EQ(kind_of({"new", "--kind", "api", "shop", "--kind", "events"}), "events");
  EXPECT_EQ(errors_of({"new", "shop", "--kind"}),
            (Lines{"new: --kind wants a value; use api, site or events"}));
  EXPECT_EQ(errors_of({"new", "shop", "--kind=shop"}),
            (Lines{"new: --kind: 'shop' is not known; use api, site or events"}));
  EXPECT_EQ(errors_of({"new", "--kind", "api"}).size(), 1U);
}

TEST(NewCommand, IsOnlyTheFirstArgument) {
  const TemporaryFolder folder;
  const std::string file = folder.write("new", "");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_EQ(options_of({"./new"}).target.path, file);
  EXPECT_EQ(options_of({"--app", "new"}).target.path, file);
  EXPECT_EQ(options_of({"--workers=2", "new"}).target.path, file);
  std::filesystem::current_path(before);
}

TEST(NewCommand, RefusesNamesThatCMakeCannotUse) {
  for (const char* name : {"9shop", "my shop", "-x", "shop.so", "sh;op", "..", ".", "/", "a/b c",
                           "caf\xc3\xa9", "all", "test", "install", "ALL_BUILD", ""}) {
    const Lines errors = errors_of({"new", name});
    ASSERT_EQ(errors.size(), 1U) << name;
    EXPECT_THAT(errors.front(), HasSubstr("new: ")) << name;
  }
  EXPECT_EQ(folder_of({"new", std::string(64, 'a')}), std::string(64, 'a'));
  EXPECT_THAT(errors_of({"new", std::string(65, 'a')}),
              ElementsAre(HasSubstr("is longer than 64 characters")));
}

TEST(NewCommand, WantsOneName) {
  EXPECT_THAT(errors_of({"new"}), ElementsAre(HasSubstr("new: the name is missing")));
  EXPECT_EQ(errors_of({"new", "a", "b"}), (Lines{"new: unexpected argument 'b'; give one name"}));
  EXPECT_EQ(errors_of({"new", "a", "--workers"}),
            (Lines{"new: '--workers' is not expected; this command takes a name and --kind"}));
  EXPECT_EQ(load_options(Arguments{"new", "--help"}, {}).action, Action::print_and_exit);
}

}  // namespace
}  // namespace prefork::config
