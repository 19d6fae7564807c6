// --reload: a new file takes the place of the application's, and the server takes it up by itself.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

class ReloadedByFiles : public testing::Test {
 protected:
  ReloadedByFiles() { put("hello"); }

  // As deployments do it.
  void put(const std::string& name) const {
    const std::string next = folder_ / "next";
    fs::copy_file(test_app(name), next, fs::copy_options::overwrite_existing);
    fs::rename(next, path_);
  }
  // As linkers do it.
  void link_anew(const std::string& name) const {
    fs::remove(path_);
    fs::copy_file(test_app(name), path_);
  }
  static bool runs_generation(const ServerProcess& server, int generation) {
    return server.wait_for_statistics([&](const Json& report) {
      return report["server"]["generation"] == generation && report["server"]["state"] == "running";
    });
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "libshop.so";
};

TEST_F(ReloadedByFiles, ANewFileIsServedAndSaidInOneLine) {
  ServerProcess server({path_, "--workers", "2", "--reload"});
  ASSERT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_TRUE(server.has_logged({"reload: watching " + path_}));
  put("features");
  ASSERT_TRUE(runs_generation(server, 2)) << server.log();
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
  link_anew("hello");
  ASSERT_TRUE(runs_generation(server, 3)) << server.log();
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_EQ(server.times_logged("reload: " + path_ + " changed\n"), 2U) << server.log();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(ReloadedByFiles, APreloadedApplicationIsLoadedAnew) {
  ServerProcess server({path_, "--workers", "2", "--reload", "--preload"});
  ASSERT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  put("broken_3");
  ASSERT_TRUE(server.has_logged({"error", "cannot be loaded: no licence file"}));
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  put("features");
  ASSERT_TRUE(runs_generation(server, 3)) << server.log();
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

TEST_F(ReloadedByFiles, ABrokenFileIsToldInOneLineAndTheNextGoodOneIsServed) {
  ServerProcess server({path_, "--workers", "2", "--reload"});
  const auto before = server.worker_pids();
  put("broken_3");
  ASSERT_TRUE(server.has_logged({"error", "was given up", "cannot be loaded: no licence file"}));
  EXPECT_EQ(server.times_logged("no licence file"), 1U);
  EXPECT_EQ(server.times_logged("exit code 4"), 0U) << server.log();
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  EXPECT_EQ(server.worker_pids(), before);

  fs::remove(path_);
  folder_.write("libshop.so",
                "half of something, with room for what could have been a header......");
  ASSERT_TRUE(server.has_logged({"error", "was given up", "not a shared object"}));
  EXPECT_EQ(server.worker_pids(), before);

  put("features");
  ASSERT_TRUE(runs_generation(server, 4)) << server.log();
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

TEST_F(ReloadedByFiles, ABuildFolderThatIsMadeAnewIsFoundAgain) {
  fs::create_directory(folder_ / "build");
  fs::copy_file(test_app("hello"), folder_ / "build/libshop.so");
  ServerProcess server({folder_ / "build/libshop.so", "--workers", "1", "--reload"});
  fs::remove_all(folder_ / "build");
  ASSERT_TRUE(server.has_logged({"reload: folder " + folder_ / "build" + " is gone"}));
  EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
  fs::create_directory(folder_ / "build");
  fs::copy_file(test_app("features"), folder_ / "build/libshop.so");
  ASSERT_TRUE(server.wait_for_statistics([&](const Json& report) {
    return report["server"]["generation"] >= 2 && report["server"]["state"] == "running";
  })) << server.log();
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

TEST_F(ReloadedByFiles, FoldersAreWatchedToo) {
  fs::create_directories(folder_ / "pages/shop");
  ServerProcess server(
      {path_, "--workers", "1", "--reload", "--reload-dir", folder_ / "pages", "--log-level=info"});
  folder_.write("pages/shop/index.html", "new");
  ASSERT_TRUE(server.has_logged({"reload: " + folder_ / "pages/shop/index.html" + " changed"}));
  ASSERT_TRUE(runs_generation(server, 2)) << server.log();
}

// Each worker closes the access log as it ends: that must not start the next reload.
TEST_F(ReloadedByFiles, LogsInAWatchedFolderCauseNone) {
  fs::create_directory(folder_ / "all");
  ServerProcess server({path_, "--workers", "2", "--reload", "--reload-dir", folder_ / "all",
                        "--access-log", folder_ / "all/access.log"});
  ASSERT_EQ(get(server.url(), "/").status, 200);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(runs_generation(server, 2));
  ASSERT_TRUE(server.wait_for_workers(2));
  folder_.write("all/page.html", "new");
  ASSERT_TRUE(runs_generation(server, 3));
  EXPECT_EQ(server.times_logged("access.log"), 0U) << server.log();
  EXPECT_EQ(server.times_logged(" changed\n"), 1U) << server.log();
}

TEST_F(ReloadedByFiles, AChangeDuringAReloadIsTakenUpAfterIt) {
  ServerProcess server({path_, "--workers", "4", "--reload", "--reload-dir", folder_.path()});
  server.send_signal(SIGHUP);
  put("features");
  ASSERT_TRUE(runs_generation(server, 3)) << server.log();
  EXPECT_EQ(get(server.url(), "/loop").body, "loop");
}

TEST_F(ReloadedByFiles, NoChildHoldsWhatTheMasterWatchesWith) {
  ServerProcess server({path_, "--workers", "2", "--reload"});
  const auto watches = [](pid_t pid) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
      std::error_code gone;
      count += fs::read_symlink(entry.path(), gone).string().find("inotify") != std::string::npos;
    }
    return count;
  };
  EXPECT_EQ(watches(server.pid()), 1);
  for (const auto& [slot, pid] : server.worker_pids()) {
    EXPECT_EQ(watches(pid), 0) << slot;
  }
  EXPECT_EQ(watches(server.statistics()["server"]["observer_pid"].get<pid_t>()), 0);
}

TEST_F(ReloadedByFiles, AReloadOfTheConfigurationTurnsItOffAndOn) {
  const std::string config = folder_.write("shop.toml", "reload = true\n");
  ServerProcess server(
      {path_, "--workers", "1", "--config", config, "--port", "0", "--admin", "127.0.0.1:0"});
  folder_.write("shop.toml", "reload = false\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(runs_generation(server, 2));
  put("features");
  folder_.write("shop.toml", "reload = true\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(runs_generation(server, 3));
  EXPECT_EQ(server.times_logged(" changed\n"), 0U) << server.log();
  put("hello");
  ASSERT_TRUE(server.has_logged({"reload: " + path_ + " changed"}));
}

}  // namespace
}  // namespace prefork::test
