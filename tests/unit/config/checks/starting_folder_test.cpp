#include "config/checks/starting_folder.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

class StartingFolder : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string path_ = folder_.path().string();
};

TEST_F(StartingFolder, IsWhereRelativeNamesBegin) {
  folder_.write("site/index.html", "");
  const Options options =
      options_of({"site", "--chdir", path_, "--log-file", "a.log", "--access-log", "b.log", "--uds",
                  "s.sock", "--pidfile", "p.pid", "--admin", "unix:admin.sock"});
  EXPECT_EQ(options.service.chdir, path_);
  EXPECT_EQ(options.target.path, folder_ / "site");
  EXPECT_EQ(options.logging.file, folder_ / "a.log");
  EXPECT_EQ(options.logging.access_log, folder_ / "b.log");
  EXPECT_EQ(options.listening.binds, std::vector{Bind::unix_path(folder_ / "s.sock")});
  EXPECT_EQ(options.service.pidfile, folder_ / "p.pid");
  EXPECT_EQ(options.admin.address, Bind::unix_path(folder_ / "admin.sock"));
}

TEST_F(StartingFolder, LeavesWhatIsNoRelativeName) {
  const std::string file = folder_.write("shop.toml", "bind = ['127.0.0.1:0', 'unix:s.sock']\n");
  const Options options = options_of(
      {"--chdir", path_ + "/", "--config", file, "--log-file", "-", "--access-log", "-"});
  EXPECT_EQ(options.logging.file, "");
  EXPECT_EQ(options.logging.access_log, "-");
  EXPECT_EQ(options.service.pidfile, "");
  EXPECT_EQ(options.listening.binds,
            (std::vector{Bind::tcp("127.0.0.1", 0), Bind::unix_path(folder_ / "s.sock")}));
  EXPECT_EQ(options.service.chdir, path_) << "without the slash";
}

TEST_F(StartingFolder, HasToBeOne) {
  const std::string file = folder_.write("file", "");
  EXPECT_EQ(errors_of({"--chdir", folder_ / "none"}),
            (Lines{"--chdir: folder '" + (folder_ / "none") +
                   "' does not exist; create it or name another"}));
  EXPECT_EQ(errors_of({"--chdir", file}), (Lines{"--chdir: '" + file + "' is not a folder"}));
}

TEST_F(StartingFolder, MayMakeASocketsPathTooLong) {
  const std::string name(100, 'x');
  const Lines errors = errors_of({"--chdir", path_, "--uds", name});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors.front().find("a Unix socket path has at most"), std::string::npos)
      << errors.front();
}

}  // namespace
}  // namespace prefork::config
