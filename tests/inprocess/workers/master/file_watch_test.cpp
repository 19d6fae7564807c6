// What --reload notices, on real folders but at times of the test's own: what happened in a folder
// is there to be read as soon as it has happened.
#include "workers/master/file_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/config/config_support.h"

namespace prefork::master {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FileWatchOn : public testing::Test {
 protected:
  FileWatch watch(std::vector<std::string> folders, const std::string& application = "",
                  std::size_t limit = FileWatch::kMaxFolders) {
    return FileWatch({application, std::move(folders), {own_}}, now_, limit);
  }

  std::string changed_after(FileWatch& watch, std::chrono::milliseconds time) {
    now_ += time;
    FileNews news = watch.drain(now_);
    remarks_ = std::move(news.remarks);
    return news.changed;
  }
  // What changed since the last call, as far as it is over.
  std::string changed(FileWatch& watch) {
    EXPECT_EQ(changed_after(watch, 0ms), "");
    return changed_after(watch, ChangeSeries::kQuietTime);
  }

  // As deployments and most linkers do it.
  void replace(const std::string& name, std::string_view text) const {
    fs::rename(folder_.write(name + ".new", text), folder_ / name);
  }

  const config::TemporaryFolder folder_;
  const std::string own_ = folder_ / "logs/access.log";
  FileWatch::TimePoint now_{1h};
  config::Lines remarks_;
};

TEST_F(FileWatchOn, AnApplicationTellsOfAReplacedFileOnceItHasBeenQuiet) {
  const std::string app = folder_.write("app.so", "old");
  FileWatch files = watch({}, app);
  replace("app.so", "new");
  EXPECT_EQ(changed_after(files, 0ms), "");
  EXPECT_EQ(files.deadline(), now_ + ChangeSeries::kQuietTime);
  EXPECT_EQ(changed_after(files, ChangeSeries::kQuietTime - 1ms), "");
  EXPECT_EQ(changed_after(files, 1ms), app);
  EXPECT_EQ(changed_after(files, 1h), "");
}

TEST_F(FileWatchOn, AnApplicationWaitsUntilItsFileIsComplete) {
  const std::string app = folder_.write("app.so", "old");
  FileWatch files = watch({folder_.path()}, app);
  fs::remove(app);
  EXPECT_EQ(changed_after(files, 10s), "");
  ipc::OwnedFd file(::open(app.c_str(), O_WRONLY | O_CREAT, 0777));
  ASSERT_EQ(::write(file.get(), "ne", 2), 2);
  folder_.write("other.html", "does not hurry it");
  EXPECT_EQ(changed_after(files, 10s), "");
  EXPECT_EQ(changed_after(files, 10s), "");
  EXPECT_GT(files.deadline(), now_);
  ASSERT_EQ(::write(file.get(), "w", 1), 1);
  file.reset();
  EXPECT_EQ(changed_after(files, 0ms), app + " and 1 more");
}

TEST_F(FileWatchOn, AnApplicationDoesNotCareForItsNeighbours) {
  const std::string app = folder_.write("app.so", "old");
  FileWatch files = watch({}, app);
  replace("libother.so", "new");
  fs::create_directory(folder_ / "sub");
  EXPECT_EQ(changed(files), "");
}

TEST_F(FileWatchOn, AFileThatWasOpenedForWritingAndLeftAsItWasHasNotChanged) {
  const std::string app = folder_.write("app.so", "old");
  FileWatch files = watch({}, app);
  { const ipc::OwnedFd file(::open(app.c_str(), O_WRONLY)); }
  EXPECT_EQ(changed(files), "");
}

TEST_F(FileWatchOn, ASeriesOfChangesWithoutAnEndIsToldOnTheWay) {
  FileWatch files = watch({folder_.path()});
  std::string told;
  int steps = 0;
  for (; told.empty() && steps < 100; ++steps) {
    folder_.write("page" + std::to_string(steps), "text");
    told = changed_after(files, 100ms);
  }
  EXPECT_EQ(told, folder_ / "page0" + " and 30 more");
}

TEST_F(FileWatchOn, AFolderSeesWhatIsBelowItWhateverIsMadeThere) {
  folder_.write("a/b/page.html", "old");
  FileWatch files = watch({folder_.path()});
  folder_.write("a/b/page.html", "new");
  EXPECT_EQ(changed(files), folder_ / "a/b/page.html");
  fs::create_directories(folder_ / "a/c/d");
  EXPECT_EQ(changed(files), "") << "an empty folder";
  folder_.write("a/c/d/page.html", "new");
  EXPECT_EQ(changed(files), folder_ / "a/c/d/page.html");
  fs::rename(folder_ / "a/c", folder_ / "e");
  EXPECT_EQ(changed(files), folder_ / "a/c" + " and 1 more") << "what left and what came";
  folder_.write("e/d/page.html", "newer");
  EXPECT_EQ(changed(files), folder_ / "e/d/page.html");
  fs::remove(folder_ / "e/d/page.html");
  EXPECT_EQ(changed(files), folder_ / "e/d/page.html");
}

TEST_F(FileWatchOn, AFolderDoesNotCareForHiddenNamesBuildNoiseAndTheServersOwnLogs) {
  folder_.write(".git/index", "old");
  folder_.write("CMakeFiles/x/y.html", "old");
  FileWatch files = watch({folder_.path()});
  for (const char* name :
       {".git/index", ".git/new/file", "CMakeFiles/x/y.html", ".page.html.swp", "page.html~",
        "main.o", "main.d", "#page.html#", "logs/access.log", "logs/access.log.1"}) {
    folder_.write(name, "new");
    EXPECT_EQ(changed(files), "") << name;
  }
  folder_.write("logs/access.html", "new");
  EXPECT_EQ(changed(files), folder_ / "logs/access.html");
}

TEST_F(FileWatchOn, AFolderDoesNotTellOfFilesThatCameAndWent) {
  folder_.write("page.html", "old");
  FileWatch files = watch({folder_.path()});
  folder_.write("4913", "to find out whether it can");
  fs::remove(folder_ / "4913");
  EXPECT_EQ(changed(files), "");
  replace("page.html", "new");
  EXPECT_EQ(changed(files), folder_ / "page.html");
}

TEST_F(FileWatchOn, MoreFoldersThanTheLimitSaysSoOnceAndWatchesTheFirst) {
  for (const char* name : {"a", "b", "c", "d"}) {
    fs::create_directory(folder_ / name);
  }
  const std::string app = folder_.write("bin/app.so", "old");
  FileWatch files = watch({folder_.path()}, app, 3);
  EXPECT_EQ(changed_after(files, 0ms), "");
  ASSERT_EQ(remarks_.size(), 1U);
  EXPECT_THAT(remarks_.front(), HasSubstr("3 folders are watched already"));
  fs::create_directory(folder_ / "f");
  folder_.write("page.html", "new");
  EXPECT_EQ(changed(files), folder_ / "page.html");
  EXPECT_THAT(remarks_, IsEmpty());
  replace("bin/app.so", "new");
  EXPECT_EQ(changed(files), app) << "it had room before all others";
}

TEST_F(FileWatchOn, AFolderThatIsRemovedAndComesBackIsWatchedAgain) {
  const std::string app = folder_.write("build/app.so", "old");
  folder_.write("pages/a.html", "old");
  FileWatch files = watch({folder_ / "pages"}, app);
  fs::remove_all(folder_ / "build");
  EXPECT_EQ(changed_after(files, FileWatch::kLookAgain), "");
  EXPECT_THAT(remarks_, ElementsAre("reload: folder " + folder_ / "build" +
                                    " is gone; waiting for it to come back"));
  EXPECT_EQ(changed_after(files, FileWatch::kLookAgain), "");
  EXPECT_THAT(remarks_, IsEmpty());
  folder_.write("build/app.so", "new");
  EXPECT_EQ(changed_after(files, FileWatch::kLookAgain), "");
  EXPECT_EQ(changed_after(files, ChangeSeries::kQuietTime), app);
  replace("build/app.so", "newer");
  EXPECT_EQ(changed(files), app);

  fs::remove_all(folder_ / "pages");
  folder_.write("pages/b.html", "new");
  EXPECT_EQ(changed_after(files, FileWatch::kLookAgain), "");
  EXPECT_EQ(changed_after(files, ChangeSeries::kQuietTime), folder_ / "pages" + " and 1 more");
  folder_.write("pages/b.html", "newer");
  EXPECT_EQ(changed(files), folder_ / "pages/b.html");
}

TEST_F(FileWatchOn, AFolderThatAnotherOneTookThePlaceOfIsNotWatchedAnyMore) {
  const std::string app = folder_.write("build/app.so", "old");
  FileWatch files = watch({}, app);
  fs::rename(folder_ / "build", folder_ / "old");
  folder_.write("build/app.so", "new");
  EXPECT_EQ(changed_after(files, FileWatch::kLookAgain), "");
  EXPECT_EQ(changed_after(files, ChangeSeries::kQuietTime), app);
  replace("old/app.so", "nobody's");
  EXPECT_EQ(changed(files), "");
  replace("build/app.so", "newer");
  EXPECT_EQ(changed(files), app);
}

TEST_F(FileWatchOn, AnApplicationThatIsALinkChangesWithTheLinkAndWithItsFile) {
  folder_.write("one/app.so", "old");
  folder_.write("two/app.so", "other");
  const std::string app = folder_ / "app.so";
  fs::create_symlink("one/app.so", app);
  FileWatch files = watch({}, app);
  replace("one/app.so", "new");
  EXPECT_EQ(changed(files), app);
  fs::create_symlink("two/app.so", folder_ / "next");
  fs::rename(folder_ / "next", app);
  EXPECT_EQ(changed(files), app);
  replace("one/app.so", "nobody's");
  EXPECT_EQ(changed(files), "");
  replace("two/app.so", "new");
  EXPECT_EQ(changed(files), app);
  fs::remove(app);
  fs::create_symlink("one/app.so", app);
  EXPECT_EQ(changed(files), app) << "a link is complete as it is made";
}

TEST_F(FileWatchOn, MoreEventsThanTheKernelKeepsMeansThatSomethingChanged) {
  FileWatch files = watch({folder_.path()});
  std::size_t limit = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
  ASSERT_GT(limit, 0U);
  const std::string pages[] = {folder_ / ".a", folder_ / ".b"};  // these count for nothing
  for (std::size_t i = 0; i <= limit; ++i) {
    // Two events that are equal would become one.
    const ipc::OwnedFd file(::open(pages[i % 2].c_str(), O_WRONLY | O_CREAT, 0666));
  }
  folder_.write("sub/page.html", "nobody sees it come");
  EXPECT_EQ(changed(files), folder_.path().string());
  folder_.write("sub/page.html", "new");
  EXPECT_EQ(changed(files), folder_ / "sub/page.html");
}

TEST_F(FileWatchOn, PathsAreShownAsSeenFromTheWorkingFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  const std::string app = folder_.write("build/app.so", "old");
  FileWatch files = watch({folder_.path().string(), "/usr/share/none"}, app);
  fs::current_path(before);
  EXPECT_EQ(files.describe(), "./build/app.so, ., /usr/share/none");
  folder_.write("page\n.html", "new");
  EXPECT_EQ(changed(files), "./page\\x0a.html");
}

}  // namespace
}  // namespace prefork::master
