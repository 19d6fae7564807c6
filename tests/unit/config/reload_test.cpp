// --reload and --reload-dir: what they lead to, and what they say when there is nothing to watch.
#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

class Reload : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string app_ = folder_.write("libshop.so", "");
  const std::string pages_ = folder_.path().string();
};

TEST_F(Reload, IsOffUnlessItIsAskedFor) {
  EXPECT_FALSE(options_of({app_}).development.reload);
  EXPECT_TRUE(options_of({app_, "--reload"}).development.reload);
  EXPECT_FALSE(options_of({app_, "--no-reload"}, {{"PREFORK_RELOAD", "true"}}).development.reload);
}

TEST_F(Reload, WatchesTheFoldersThatAreGiven) {
  EXPECT_EQ(options_of({app_, "--reload", "--reload-dir", pages_ + "/", "--reload-dir=."})
                .development.reload_dirs,
            (Lines{pages_, std::filesystem::current_path().string()}));
  EXPECT_EQ(options_of({app_, "--reload"}, {{"PREFORK_RELOAD_DIR", pages_ + "\n/usr"}})
                .development.reload_dirs,
            (Lines{pages_, "/usr"}));
  options_of({"--reload", "--reload-dir", pages_});
  options_of({pages_, "--reload", "--reload-dir", pages_});
}

TEST_F(Reload, WithNothingToWatchSaysWhatToDo) {
  EXPECT_EQ(
      errors_of({"--reload"}),
      (Lines{"--reload: has nothing to watch; name an application to serve (./libshop.so), or "
             "a folder with --reload-dir"}));
  EXPECT_EQ(errors_of({pages_}, {{"PREFORK_RELOAD", "1"}}),
            (Lines{"PREFORK_RELOAD: has nothing to watch: a folder of files is always served as it "
                   "is; name what else may change with --reload-dir, or leave this out"}));
}

TEST_F(Reload, TellsOfFoldersThatCannotBeWatched) {
  EXPECT_EQ(errors_of({app_, "--reload-dir", pages_}),
            (Lines{"--reload-dir: has no effect without --reload; give both or none"}));
  EXPECT_EQ(errors_of({app_, "--reload", "--reload-dir", pages_ + "/none"}),
            (Lines{"--reload-dir: folder '" + pages_ +
                   "/none' does not exist; create it or name another"}));
  EXPECT_EQ(errors_of({app_, "--reload", "--reload-dir", app_}),
            (Lines{"--reload-dir: '" + app_ + "' is not a folder"}));
  Arguments many = {app_, "--reload"};
  for (std::size_t i = 0; i <= kMaxReloadDirs; ++i) many.push_back("--reload-dir=" + pages_);
  EXPECT_EQ(errors_of(many), (Lines{"--reload-dir: more than 64 folders are given"}));
}

TEST_F(Reload, MayBeTurnedOffWhereTheFileNamesFolders) {
  const std::string file = folder_.write("shop.toml", "reload_dir = [\"" + pages_ + "\"]\n");
  EXPECT_FALSE(options_of({app_, "--no-reload", "--config", file}).development.reload);
}

// A build folder may be away for a moment.
TEST_F(Reload, DoesNotMissAFolderOnceTheServerRuns) {
  const Arguments arguments = {app_, "--reload", "--reload-dir", pages_ + "/none"};
  EXPECT_EQ(load_options(arguments, {}, LoadPhase::reload).action, Action::run);
}

}  // namespace
}  // namespace prefork::config
