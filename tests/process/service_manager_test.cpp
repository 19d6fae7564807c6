// What a service manager (systemd) hears and gives: a datagram socket of the test's stands for it.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

class Manager {
 public:
  // A path, or @ and a name.
  explicit Manager(const std::string& address)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, address.data(), address.size());
    if (address.front() == '@') {
      at.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
  }

  // Whether a message with this text comes; those before it count as heard.
  testing::AssertionResult hears(const std::string& text, Milliseconds within = kPatience) {
    const Deadline deadline(within);
    std::string heard;
    for (;;) {
      pollfd readable{socket_.get(), POLLIN, 0};
      if (::poll(&readable, 1, deadline.left_ms()) != 1) {
        return testing::AssertionFailure() << "not '" << text << "' but:\n" << heard;
      }
      std::array<char, 4096> bytes{};
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      const std::string message(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
      if (message.find(text) != std::string::npos) {
        last_ = message;
        return testing::AssertionSuccess();
      }
      heard += message;
    }
  }
  [[nodiscard]] const std::string& last() const { return last_; }

 private:
  ipc::OwnedFd socket_;
  std::string last_;
};

TEST(ServiceManager, HearsOfReadinessReloadsAndTheStop) {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("shop.toml", "workers = 2\nport = 0\nadmin = '127.0.0.1:0'\nuser = 'root'\n");
  Manager manager(folder / "notify");
  Launch launch = launch_of({"--config", file});
  launch.environment["NOTIFY_SOCKET"] = folder / "notify";
  ServerProcess server(launch);
  ASSERT_TRUE(manager.hears("READY=1\n"));
  EXPECT_NE(manager.last().find("STATUS=2 of 2 workers are ready\n"), std::string::npos);

  server.send_signal(SIGHUP);
  ASSERT_TRUE(manager.hears("RELOADING=1\nMONOTONIC_USEC="));
  ASSERT_TRUE(manager.hears("READY=1\n"));

  folder.write("shop.toml", "workers = 0\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(manager.hears("RELOADING=1\nMONOTONIC_USEC="));
  ASSERT_TRUE(manager.hears("READY=1\n"));
  EXPECT_NE(manager.last().find("the last reload was given up: " + file + ":1: "),
            std::string::npos)
      << manager.last();

  server.send_signal(SIGTERM);
  EXPECT_TRUE(manager.hears("STOPPING=1\n"));
  EXPECT_TRUE(manager.hears("EXTEND_TIMEOUT_USEC="));
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(ServiceManager, HearsOfAnUpgradeAsOfAReload) {
  const std::string address = "@prefork-upgrade-" + std::to_string(::getpid());
  Manager manager(address);
  Launch launch = launch_of({"--workers", "1"});
  launch.environment["NOTIFY_SOCKET"] = address;
  launch.environment["WATCHDOG_USEC"] = "300000";
  ServerProcess server(launch);
  ASSERT_TRUE(manager.hears("READY=1\n"));
  server.send_signal(SIGUSR2);
  ASSERT_TRUE(manager.hears("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_NE(manager.last().find("STATUS=upgrading: 1 of 1 worker is ready\n"), std::string::npos)
      << manager.last();
  EXPECT_TRUE(manager.hears("READY=1\n"));
  EXPECT_TRUE(server.has_logged({"every process is of the new program"}));
  EXPECT_TRUE(manager.hears("WATCHDOG=1\n")) << "the new program feeds it";
  server.send_signal(SIGTERM);
  EXPECT_TRUE(manager.hears("STOPPING=1\n"));
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(ServiceManager, FeedsTheWatchdogWhileItsMasterLives) {
  const std::string address = "@prefork-test-" + std::to_string(::getpid());
  Manager manager(address);
  Launch launch = launch_of({"--workers", "1"});
  launch.environment["NOTIFY_SOCKET"] = address;
  launch.environment["WATCHDOG_USEC"] = "300000";
  ServerProcess server(launch);
  EXPECT_TRUE(manager.hears("WATCHDOG=1\n"));
  EXPECT_TRUE(manager.hears("WATCHDOG=1\n", kASecond));
  server.send_signal(SIGSTOP);
  while (manager.hears("WATCHDOG=1\n", Milliseconds{0})) {
  }
  EXPECT_FALSE(manager.hears("WATCHDOG=1\n", Milliseconds{400}));
  server.send_signal(SIGCONT);
  EXPECT_TRUE(manager.hears("WATCHDOG=1\n"));
  EXPECT_EQ(server.stop(), exit_code(0));
}

// As a shell of its own that becomes the server, for only then it knows its pid.
Launch activated(const std::vector<std::string>& arguments, int listening) {
  Launch launch;
  launch.program = "/bin/sh";
  launch.arguments = {"-c", "LISTEN_PID=$$ exec \"$@\"", "sh", server_binary()};
  launch.arguments.insert(launch.arguments.end(), arguments.begin(), arguments.end());
  launch.environment = {{"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}};
  launch.descriptors[3] = listening;
  return launch;
}

TEST(ServiceManager, GivesTheSocketsThatItHasOpened) {
  const ipc::OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening.get(), 128), 0);
  std::string url;
  {
    ServerProcess server(activated(
        {"--workers", "1", "--start-method", "spawn", "--bind", "systemd:web"}, listening.get()));
    url = server.url();
    EXPECT_EQ(get(url, "/plaintext").status, 200);
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
    server.send_signal(SIGUSR2);
    EXPECT_TRUE(server.has_logged({"reload to generation 3 is done"}));
    for (const pid_t pid : processes_of_group(server.pid())) {
      if (pid != server.pid()) {
        EXPECT_EQ(read_file("/proc/" + std::to_string(pid) + "/environ").find("LISTEN_"),
                  std::string::npos)
            << title_of(pid);
      }
    }
    EXPECT_EQ(server.stop(), exit_code(0));
  }
  Client waits(url);
  ASSERT_TRUE(waits.is_connected()) << "the socket is the manager's";
  waits.send(get_request("/plaintext"));
  ServerProcess server(activated({"--workers", "1", "--admin", "off"}, listening.get()));
  EXPECT_EQ(server.url(), url) << "without an option";
  EXPECT_EQ(waits.receive().status, 200);
  waits.close();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(ServiceManager, ReadsPrioritiesInPlaceOfTimes) {
  const TemporaryFolder folder;
  Launch launch = launch_of({"--workers", "1", "--start-method", "spawn", "--demo-crash"});
  launch.stderr_path = folder.write("journal", "");
  struct stat about {};
  ASSERT_EQ(::stat(launch.stderr_path.c_str(), &about), 0);
  launch.environment["JOURNAL_STREAM"] =
      std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
  ServerProcess server(launch);
  get(server.url(), "/crash");
  const std::string master = "master[" + std::to_string(server.pid()) + "]: ";
  EXPECT_TRUE(wait_until([&] {
    const std::string log = read_file(launch.stderr_path);
    return log.starts_with("<6>" + master) &&
           log.find("\n<4>" + master + "worker 0 (pid ") != std::string::npos;
  })) << read_file(launch.stderr_path);
  EXPECT_EQ(server.stop(), exit_code(0));
}

// By the names of their streams as well.
TEST(ServiceManager, ReadsPrioritiesOfTheAccessLog) {
  for (const char* const output : {"-", "/dev/stdout"}) {
    const TemporaryFolder folder;
    Launch launch =
        launch_of({"--workers", "1", "--access-log", output, "--access-log-format", "json",
                   "--log-file", "/dev/stdout", "--start-method", "spawn", "--demo-crash"});
    launch.stdout_path = folder.write("journal", "");
    struct stat about {};
    ASSERT_EQ(::stat(launch.stdout_path.c_str(), &about), 0);
    launch.environment["JOURNAL_STREAM"] =
        std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
    ServerProcess server(launch);
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    get(server.url(), "/crash");
    std::string journal;
    EXPECT_TRUE(wait_until([&] {
      journal = read_file(launch.stdout_path);
      return journal.find("\n<4>master[") != std::string::npos &&
             journal.find("\n<6>{\"timestamp\":") != std::string::npos;
    })) << journal;
    EXPECT_TRUE(journal.starts_with("<6>master[")) << journal;
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

class Unit : public testing::TestWithParam<const char*> {};

TEST_P(Unit, LeavesLittleOpen) {
  const std::string program = "/usr/bin/systemd-analyze";
  if (!exists(program)) {
    GTEST_SKIP() << "takes systemd-analyze";
  }
  const TemporaryFolder folder;
  const std::string unit = read_file(std::string(PREFORK_DEPLOY) + "/systemd/" + GetParam());
  ASSERT_NE(unit, "");
  std::string name = GetParam();
  if (const std::size_t at = name.find('@'); at != std::string::npos) {
    name.insert(at + 1, "shop");
  }
  Launch launch = launch_of(
      {"security", "--offline=yes", "--threshold=20", "--no-pager", folder.write(name, unit)});
  launch.program = program;
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(0)) << run.out << run.err;
}

INSTANTIATE_TEST_SUITE_P(OfSystemd, Unit,
                         testing::Values("prefork-server.service", "prefork-server@.service"));

}  // namespace
}  // namespace prefork::test
