#include "ipc/control_places.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "ipc/base/owned_fd.h"

namespace prefork::ipc {
namespace {

using Paths = std::vector<std::string>;

class ControlPlaces : public ::testing::Test {
 protected:
  ControlPlaces() {
    std::string name = (std::filesystem::temp_directory_path() / "control_XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    surroundings_.user = ::geteuid();
    surroundings_.run = root_ + "/run";
    surroundings_.tmp = root_ + "/tmp";
    surroundings_.xdg_runtime_dir = root_ + "/xdg";
    for (const char* folder : {"/run", "/run/prefork-server", "/run/other", "/tmp", "/xdg"}) {
      std::filesystem::create_directory(root_ + folder);
    }
    own_ = surroundings_.tmp + "/prefork-server-" + std::to_string(surroundings_.user);
    EXPECT_EQ(make_private_folder(own_, surroundings_.user), "");
    EXPECT_EQ(
        make_private_folder(surroundings_.xdg_runtime_dir + "/prefork-server", surroundings_.user),
        "");
  }
  ~ControlPlaces() override {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  static OwnedFd listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 4), 0);
    return fd;
  }

  std::string root_;
  std::string own_;
  ControlSurroundings surroundings_;
};

TEST_F(ControlPlaces, TheServicesFolderIsPreferredThenTheUsersThenTheTemporaryOne) {
  surroundings_.runtime_directory = "/run/shop:/run/second";
  Paths paths;
  Paths folders;
  for (const ControlPlace& place : control_places(surroundings_, 42)) {
    paths.push_back(place.path);
    folders.push_back(place.private_folder);
  }
  const std::string xdg = surroundings_.xdg_runtime_dir + "/prefork-server";
  EXPECT_EQ(paths, (Paths{"/run/shop/control.sock", xdg + "/42.sock", own_ + "/42.sock"}));
  EXPECT_EQ(folders, (Paths{"", xdg, own_}));
}

TEST_F(ControlPlaces, AFolderThatOthersMayEnterIsNotUsed) {
  EXPECT_EQ(make_private_folder(own_, surroundings_.user), "") << "it is there already";
  ASSERT_EQ(::chmod(own_.c_str(), 0755), 0);
  EXPECT_NE(make_private_folder(own_, surroundings_.user), "");
  ASSERT_EQ(::chmod(own_.c_str(), 0700), 0);
  EXPECT_NE(make_private_folder(own_, surroundings_.user + 1), "") << "it is somebody else's";
  const std::string link = root_ + "/link";
  ASSERT_EQ(::symlink(own_.c_str(), link.c_str()), 0);
  EXPECT_NE(make_private_folder(link, surroundings_.user), "");
}

TEST_F(ControlPlaces, OnlyServersThatRunAreFound) {
  const std::string service = surroundings_.run + "/prefork-server/control.sock";
  const std::string mine = own_ + "/17.sock";
  const std::string stale = own_ + "/18.sock";
  const OwnedFd first = listen_at(service);
  const OwnedFd second = listen_at(mine);
  const OwnedFd other = listen_at(surroundings_.run + "/other/control.sock");
  const OwnedFd oddly_named = listen_at(own_ + "/x.sock");
  { const OwnedFd killed = listen_at(stale); }
  EXPECT_EQ(running_controls(surroundings_), (Paths{service, mine}));
  surroundings_.user += 1;
  EXPECT_EQ(running_controls(surroundings_), Paths{service}) << "the others are not this user's";
}

TEST_F(ControlPlaces, WhatAKilledServerHasLeftIsRemovedAndNothingElse) {
  constexpr const char* kNobody = "4194300";  // at most one below the largest pid there can be
  const std::string stale = own_ + "/" + kNobody + ".sock";
  const std::string of_this_process = own_ + "/" + std::to_string(::getpid()) + ".sock";
  { const OwnedFd killed = listen_at(stale); }
  { const OwnedFd about_to_listen = listen_at(of_this_process); }
  EXPECT_EQ(use_of_control_socket(stale), SocketUse::stale);
  remove_stale_controls(own_);
  EXPECT_EQ(use_of_control_socket(stale), SocketUse::none);
  EXPECT_EQ(use_of_control_socket(of_this_process), SocketUse::stale);
}

}  // namespace
}  // namespace prefork::ipc
