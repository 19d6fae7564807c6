#include "workers/master/reload_watch.h"

#include <gtest/gtest.h>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

constexpr ReloadWatch::TimePoint kLooked{1000s};

config::Options watching(const std::string& folder) {
  config::Options options;
  options.development.reload = true;
  options.development.reload_dirs = {folder};
  return options;
}

TEST(WatchedFiles, AreTheApplicationAndTheFoldersButNotTheServersOwnLogs) {
  config::Options options = watching("/srv/shop/templates");
  options.target = {config::ServeTarget::Kind::application, "/srv/shop/libshop.so"};
  options.logging.file = "/srv/shop/error.log";
  options.logging.access_log = "/srv/shop/access.log";
  const WatchedFiles files = watched_files_of(options);
  EXPECT_EQ(files.application, "/srv/shop/libshop.so");
  EXPECT_EQ(files.folders, std::vector<std::string>{"/srv/shop/templates"});
  EXPECT_EQ(files.own, (std::vector<std::string>{"/srv/shop/error.log", "/srv/shop/access.log"}));
}

TEST(WatchedFiles, AFolderThatIsServedIsNoApplicationAndStandardOutputNoFile) {
  config::Options options = watching("/srv/shop");
  options.target = {config::ServeTarget::Kind::folder, "/srv/www"};
  options.logging.access_log = "-";
  const WatchedFiles files = watched_files_of(options);
  EXPECT_EQ(files.application, "");
  EXPECT_TRUE(files.own.empty());
}

TEST(ReloadWatch, WatchesNothingUnlessToldTo) {
  ReloadWatch watch;
  EXPECT_EQ(watch.fd(), -1);
  watch.follow(config::Options{}, kLooked);
  EXPECT_EQ(watch.fd(), -1);
  EXPECT_EQ(watch.deadline(), std::nullopt);
  EXPECT_EQ(watch.describe(), "");
  EXPECT_TRUE(watch.drain(kLooked).changed.empty());
}

TEST(ReloadWatch, FollowsWhatTheConfigurationSaysUntilItStops) {
  ReloadWatch watch;
  const config::Options options = watching("/proc/self");
  watch.follow(options, kLooked);
  const int fd = watch.fd();
  EXPECT_GE(fd, 0);
  EXPECT_EQ(watch.deadline(), kLooked + FileWatch::kLookAgain);
  EXPECT_EQ(watch.describe(), "/proc/self");
  watch.follow(options, kLooked + 1h);
  EXPECT_EQ(watch.deadline(), kLooked + FileWatch::kLookAgain) << "the same files: the same watch";
  watch.follow(watching("/proc/self/fd"), kLooked);
  EXPECT_EQ(watch.describe(), "/proc/self/fd");
  watch.stop();
  EXPECT_EQ(watch.fd(), -1);
}

}  // namespace
}  // namespace prefork::master
