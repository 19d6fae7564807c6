#include "workers/master/control_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/config/config_support.h"

namespace prefork::master {
namespace {

class ControlSocketTest : public ::testing::Test {
 protected:
  ControlSocketTest() {
    surroundings_.user = ::geteuid();
    surroundings_.tmp = folder_.path().string();
  }

  bool is_there(const std::string& path) const {
    return ipc::use_of_control_socket(path) == ipc::SocketUse::in_use;
  }

  const config::TemporaryFolder folder_;
  ipc::ControlSurroundings surroundings_;
};

TEST_F(ControlSocketTest, BelongsToItsUserAloneAndGoesWithItsObject) {
  const std::string path = folder_ / "socket";
  {
    const auto opened = ControlSocket::open(path);
    ASSERT_TRUE(opened.ok());
    struct stat file {};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    EXPECT_TRUE(is_there(path));
    const auto second = ControlSocket::open(path);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.problem().code, config::ExitCode::address_in_use);
    EXPECT_TRUE(is_there(path));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ControlSocketTest, DoesNotRemoveWhatIsNotItsOwnAnyMore) {
  const std::string path = folder_ / "socket";
  {
    const auto opened = ControlSocket::open(path);
    ASSERT_EQ(::unlink(path.c_str()), 0);
    std::ofstream(path) << "somebody else's";
  }
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST_F(ControlSocketTest, ADefaultPlaceThatCannotBeHadLeavesTheNext) {
  surroundings_.runtime_directory = folder_ / "nowhere";
  surroundings_.xdg_runtime_dir = folder_ / "neither";
  const auto opened = open_control_socket({}, surroundings_);
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened.value().path().starts_with(surroundings_.tmp + "/prefork-server-"));
  surroundings_.tmp = folder_ / "nor here";
  const auto none = open_control_socket({}, surroundings_);
  ASSERT_FALSE(none.ok());
  EXPECT_TRUE(none.problem().message.starts_with("--control: the folder "))
      << none.problem().message;
}

TEST_F(ControlSocketTest, ANamedPlaceIsTheOnlyOne) {
  const auto opened = open_control_socket({true, folder_ / "nowhere/socket"}, surroundings_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.problem().code, config::ExitCode::cannot_bind);
}

}  // namespace
}  // namespace prefork::master
