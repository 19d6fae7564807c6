// Sockets that are more than a free port: files in folders, ports that need rights, descriptors
// from a parent.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

TEST(UnixSocket, OfALivingServerIsLeftAloneAndTheExitCodeIs5) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  ServerProcess first({"--uds", path, "--workers", "1"});
  const FinishedRun run = run_to_the_end(launch_of({"--uds", path, "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(5));
  EXPECT_NE(run.err.find("the address is in use"), std::string::npos) << run.err;
  EXPECT_TRUE(exists(path));
  EXPECT_EQ(get(first.url(), "/plaintext").status, 200);
}

TEST(UnixSocket, OfAKilledServerIsReplaced) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  {
    ServerProcess killed({"--uds", path, "--workers", "1"});
    killed.send_signal(SIGKILL);
    ASSERT_EQ(killed.wait_for_exit(), killed_by(SIGKILL));
    ASSERT_TRUE(no_process_left(killed.pid()));
  }
  ASSERT_TRUE(exists(path)) << "what a killed server leaves behind";
  const ServerProcess next({"--uds", path, "--workers", "1"});
  EXPECT_EQ(get(next.url(), "/plaintext").status, 200);
}

TEST(UnixSocket, IsNotMadeWhereAFileIs) {
  const TemporaryFolder folder;
  const std::string path = folder.write("precious", "do not lose me");
  const FinishedRun run = run_to_the_end(launch_of({"--uds", path}));
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_EQ(run.err, "prefork-server: --uds: '" + path +
                         "' exists and is not a socket; remove it or use another path\n");
  EXPECT_EQ(read_file(path), "do not lose me");
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

// Of the program that is started meanwhile.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  ~Umask() { ::umask(old_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  const mode_t old_;
};

TEST(UnixSocket, MayBeConnectedToByWhomTheUmaskLeaves) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  for (const mode_t mask : {0000U, 0007U, 0077U}) {
    const Umask umask(mask);
    const ServerProcess server(
        {"--uds", path, "--admin", "unix:" + path + ".admin", "--workers", "1"});
    EXPECT_EQ(mode_of(path), 0666U & ~mask);
    EXPECT_EQ(mode_of(path + ".admin"), 0600U);
  }
}

TEST(UnixSocket, HasThePermissionsThatAreAskedFor) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  const Umask umask(0077);
  const ServerProcess server({"--uds", path, "--uds-mode", "660", "--workers", "1"});
  EXPECT_EQ(mode_of(path), 0660U);
}

TEST(UnixSocket, WhoseFileWasRemovedIsMadeAgainByAReload) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  ServerProcess server({"--uds", path, "--workers", "1"});
  ASSERT_EQ(std::remove(path.c_str()), 0);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(
      wait_until([&] { return exists(path) && get(server.url(), "/plaintext").status == 200; }));
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(path));
}

TEST(UnixSocket, ThatAnotherServerHasPutInItsPlaceIsLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  ServerProcess first({"--uds", path, "--workers", "1"});
  ASSERT_EQ(std::remove(path.c_str()), 0);
  ServerProcess second({"--uds", path, "--workers", "1"});
  EXPECT_EQ(first.stop(), exit_code(0));
  EXPECT_TRUE(exists(path));
  EXPECT_EQ(get(second.url(), "/plaintext").status, 200);
}

TEST(UnixSocket, WithATooLongPathIsRefusedInOneLine) {
  const TemporaryFolder folder;
  const FinishedRun run =
      run_to_the_end(launch_of({"--uds", folder / std::string(120, 'x'), "--admin", "off"}));
  ASSERT_TRUE(run.exit);
  EXPECT_EQ(run.exit->code, 2) << run.err;
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

// Root may do everything: then the server is started as somebody else, if that user can reach the
// binary at all.
class AsNobody : public testing::Test {
 protected:
  static constexpr uid_t kNobody = 65534;

  static Launch launch(const std::vector<std::string>& arguments) {
    Launch launch = launch_of(arguments);
    if (::geteuid() == 0) {
      launch.user = kNobody;
    }
    return launch;
  }
};

TEST_F(AsNobody, APrivilegedPortEndsWith6AndOneLine) {
  std::ifstream limit("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  int first_free_port = 1024;
  limit >> first_free_port;
  if (first_free_port <= 79) {
    GTEST_SKIP() << "this machine lets everybody have port 79";
  }
  const FinishedRun run = run_to_the_end(launch({"--port", "79", "--admin", "off"}));
  if (run.exit == exit_code(127)) {
    GTEST_SKIP() << "another user cannot run the binary";
  }
  EXPECT_EQ(run.exit, exit_code(6)) << run.err;
  EXPECT_EQ(run.err,
            "prefork-server: cannot listen on 127.0.0.1:79: no permission; ports below 1024 and "
            "foreign folders need rights (CAP_NET_BIND_SERVICE, or another --port or --uds)\n");
  EXPECT_TRUE(no_process_left(run.group));
}

TEST_F(AsNobody, AnUnwritableFolderIsAnErrorOfTheConfiguration) {
  const TemporaryFolder folder;
  const std::string closed = folder / "closed";
  ASSERT_EQ(::mkdir(closed.c_str(), 0555), 0);
  const FinishedRun run =
      run_to_the_end(launch({"--uds", closed + "/shop.sock", "--admin", "off"}));
  if (run.exit == exit_code(127)) {
    GTEST_SKIP() << "another user cannot run the binary";
  }
  EXPECT_EQ(run.exit, exit_code(2)) << run.err;
  EXPECT_NE(run.err.find("folder '" + closed + "' is not writable for user "), std::string::npos)
      << run.err;
}

TEST_F(AsNobody, ASocketFileThatMayNotBeRemovedIsAMatterOfPermission) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs two users";
  }
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 01777), 0);  // as /tmp: only one's own may be removed
  const std::string path = folder / "stale.sock";
  {
    const ipc::OwnedFd stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::chmod(path.c_str(), 0666);
  }
  const FinishedRun run = run_to_the_end(launch({"--uds", path, "--admin", "off"}));
  if (run.exit == exit_code(127)) {
    GTEST_SKIP() << "another user cannot run the binary";
  }
  EXPECT_EQ(run.exit, exit_code(6)) << "nobody uses it, but it is somebody else's: " << run.err;
}

TEST(InheritedSocket, ServesAndIsStillOpenForTheNextServer) {
  ipc::OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening.get(), 128), 0);
  for (int round = 0; round < 2; ++round) {
    Launch launch;
    launch.arguments = {"--fd", "3", "--workers", "2"};
    launch.descriptors[3] = listening.get();
    ServerProcess server(launch);
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

// Also by --check-config, which says beforehand what would be wrong.
FinishedRun run_with_third_descriptor(int fd, bool only_checks) {
  Launch launch = launch_of({"--fd", "3", "--admin", "off"});
  if (only_checks) {
    launch.arguments.emplace_back("--check-config");
  }
  launch.descriptors[3] = fd;
  return run_to_the_end(launch);
}

TEST(InheritedSocket, ThatDoesNotListenIsRefused) {
  const ipc::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const bool only_checks : {false, true}) {
    const FinishedRun run = run_with_third_descriptor(socket.get(), only_checks);
    EXPECT_EQ(run.exit, exit_code(7));
    EXPECT_EQ(run.err,
              "prefork-server: cannot listen on fd://3: the socket does not listen; the "
              "parent has to call listen() on it\n");
    EXPECT_EQ(run.out, "");
  }
}

TEST(InheritedSocket, ThatIsAFileIsRefused) {
  const ipc::OwnedFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const bool only_checks : {false, true}) {
    const FinishedRun run = run_with_third_descriptor(file.get(), only_checks);
    EXPECT_EQ(run.exit, exit_code(7));
    EXPECT_NE(run.err.find("the descriptor is no open socket"), std::string::npos) << run.err;
  }
}

}  // namespace
}  // namespace prefork::test
