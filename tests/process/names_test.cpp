// Relative names mean what they meant where the server was started, wherever its processes are by
// now, and follow the name of that folder where a reload, or --reload, looks at them again.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

// Two releases, and a link to the one that is served.
class Names : public testing::Test {
 protected:
  Names() {
    for (const char* const release : {"one", "two"}) {
      fs::create_directories(folder_ / release + "/public");
      fs::copy_file(test_app("processes"), folder_ / release + "/app.so");
      folder_.write(std::string(release) + "/public/page", release);
      folder_.write(std::string(release) + "/own.txt", release);
    }
    fs::create_directory_symlink("one", folder_ / "current");
  }
  Launch launch(std::vector<std::string> arguments) const {
    Launch launch = launch_of(arguments);
    launch.working_folder = folder_ / "current";
    launch.environment["PWD"] = launch.working_folder;
    return launch;
  }
  void switch_release() const {
    fs::create_directory_symlink("two", folder_ / "next");
    fs::rename(folder_ / "next", folder_ / "current");
  }

  TemporaryFolder folder_;
};

TEST_F(Names, OfASocketThatAReloadMakesElsewhereLeaveNoFileBehind) {
  ServerProcess server(launch({"./app.so", "--workers", "1", "--uds", "socket"}));
  ASSERT_TRUE(exists(folder_ / "one/socket"));
  switch_release();
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(get("unix:" + folder_ / "two/socket", "/").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(folder_ / "one/socket"));
  EXPECT_FALSE(exists(folder_ / "two/socket"));
}

TEST_F(Names, OfLogsStayWhenAnApplicationGoesElsewhere) {
  ServerProcess server(
      launch({"./app.so", "--workers", "1", "--access-log", "access", "--log-file", "log"}));
  ASSERT_EQ(get(server.url(), "/go-elsewhere").body, "gone\n");
  fs::rename(folder_ / "one/access", folder_ / "one/access.1");
  fs::rename(folder_ / "one/log", folder_ / "one/log.1");
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] { return exists(folder_ / "one/access"); }));
  EXPECT_TRUE(wait_until([&] { return exists(folder_ / "one/log"); }));
  EXPECT_FALSE(exists("/access"));
}

class NamesWithPreload : public Names, public testing::WithParamInterface<const char*> {};

TEST_P(NamesWithPreload, OfFilesAndFoldersAreThoseOfTheStartThoughAnApplicationGoesElsewhere) {
  Launch one = launch({"./app.so", "--workers", "1", "--access-log", "access"});
  if (*GetParam() != '\0') {
    one.arguments.emplace_back(GetParam());
  }
  one.environment["TEST_GOES_ELSEWHERE"] = "1";
  const ServerProcess server(std::move(one));
  EXPECT_EQ(get(server.url(), "/public/page").body, "one");
  EXPECT_EQ(get(server.url(), "/own-file").body, "one");
  EXPECT_TRUE(exists(folder_ / "one/access"));
}

INSTANTIATE_TEST_SUITE_P(AndWithout, NamesWithPreload, testing::Values("", "--preload"));

TEST_F(Names, ThatAreWatchedAreFollowedWhenTheirFolderIsExchanged) {
  ServerProcess server(launch({"./app.so", "--workers", "1", "--reload"}));
  switch_release();
  EXPECT_TRUE(server.has_logged({"reload: ", "app.so changed"}));
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(get(server.url(), "/own-file").body, "two");
}

}  // namespace
}  // namespace prefork::test
