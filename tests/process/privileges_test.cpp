// Whom the processes act for: root's server gives up what it does not need, however its processes
// are made.
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// "65534 65534 65534 65534", from /proc.
std::string status_field(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) {
      continue;
    }
    std::istringstream words(line.substr(name.size() + 1));
    std::string text;
    for (std::string word; words >> word;) {
      text += (text.empty() ? "" : " ") + word;
    }
    return text;
  }
  return "";
}

std::string four_times(uid_t id) {
  const std::string text = std::to_string(id);
  return text + " " + text + " " + text + " " + text;
}

void expect_to_be_nobody(pid_t pid) {
  const passwd* const nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  SCOPED_TRACE(title_of(pid));
  EXPECT_EQ(status_field(pid, "Uid"), four_times(nobody->pw_uid));
  EXPECT_EQ(status_field(pid, "Gid"), four_times(nobody->pw_gid));
  EXPECT_EQ(status_field(pid, "Groups"), std::to_string(nobody->pw_gid));
  for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status_field(pid, set), "0000000000000000") << set;
  }
  EXPECT_EQ(status_field(pid, "NoNewPrivs"), "1");
  EXPECT_EQ(status_field(pid, "Umask"), "0027");
}

class Privileges : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root has something to give up";
    }
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  }

  const TemporaryFolder folder_;
};

class PrivilegesOfEach : public Privileges, public testing::WithParamInterface<const char*> {};

// Negative niceness takes a right, and the kernel ends with the master whom it has told so: both
// would be lost with the user who asked for them.
TEST_P(PrivilegesOfEach, AreGivenUpByEveryProcessButTheMaster) {
  ServerProcess server({"--workers", "2", "--start-method", GetParam(), "--user", "nobody",
                        "--umask", "027", "--nice", "-1", "--access-log", folder_ / "access.log",
                        "--chdir", folder_.path()});
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  // The observer, for which nobody waits, is what it shall be once it answers.
  EXPECT_GT(server.statistics()["workers"][0]["resident_bytes"], 0);
  std::vector<pid_t> children = processes_of_group(server.pid());
  std::erase(children, server.pid());
  EXPECT_GE(children.size(), 3u) << "two workers and the observer";
  for (const pid_t child : children) {
    expect_to_be_nobody(child);
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/cwd"),
              folder_.path());
  }
  EXPECT_EQ(status_field(server.pid(), "Uid"), four_times(0));
  for (const auto& [slot, pid] : server.worker_pids()) {
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)), -1);
  }

  const pid_t stopped = server.worker_pid(0);
  ::kill(stopped, SIGSTOP);
  ::kill(server.pid(), SIGKILL);
  EXPECT_TRUE(no_process_left(server.pid())) << "not even the one that cannot hear of it";
}

INSTANTIATE_TEST_SUITE_P(StartMethods, PrivilegesOfEach,
                         testing::Values("fork", "spawn", "forkserver"));

TEST_F(Privileges, ArePartOfTheConfigurationThatAReloadReads) {
  const std::string file = folder_.write("shop.toml", "user = 'nobody'\n");
  ServerProcess server({"--workers", "1", "--config", file});
  folder_.write("shop.toml", "user = '54321'\ngroup = '54322'\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["server"]["generation"] == 2; }));
  ASSERT_TRUE(server.wait_for_workers(1));
  EXPECT_TRUE(
      wait_until([&] { return status_field(server.worker_pid(0), "Uid") == four_times(54'321); }));
  EXPECT_EQ(status_field(server.worker_pid(0), "Groups"), "54322");
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_F(Privileges, LeaveTheLogsToThoseWhoWriteThem) {
  const std::string path = folder_ / "access.log";
  ServerProcess server({"--workers", "1", "--user", "nobody", "--access-log", path, "--log-file",
                        folder_ / "server.log"});
  std::filesystem::rename(path, path + ".1");
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] {
    get(server.url(), "/plaintext");
    return !read_file(path).empty();
  })) << read_file(folder_ / "server.log");
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_EQ(read_file(folder_ / "server.log").find("cannot open"), std::string::npos)
      << read_file(folder_ / "server.log");
}

TEST_F(Privileges, AreMissedWhereNobodyHasSaidWhoseTheyAre) {
  {
    const std::string file = folder_.write("shop.toml", "port = 0\nadmin = 'off'\n");
    const ServerProcess server({"--workers", "1", "--config", file});
    EXPECT_TRUE(server.has_logged({"warning", "the workers are root", "--user NAME"}));
  }
  const ServerProcess server({"--workers", "1", "--user", "root"});
  EXPECT_TRUE(server.has_logged({"ready: "}));
  EXPECT_EQ(server.times_logged("--user"), 0u);
}

TEST_F(Privileges, ThatAreGoneDoNotShowWhatOnlyRootMayRead) {
  folder_.write("public.txt", "for all");
  folder_.write("secret.txt", "for root");
  ASSERT_EQ(::chmod((folder_ / "secret.txt").c_str(), 0600), 0);
  ServerProcess server({folder_.path(), "--workers", "1", "--user", "nobody"});
  EXPECT_EQ(get(server.url(), "/public.txt").status, 200);
  EXPECT_NE(get(server.url(), "/secret.txt").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

}  // namespace
}  // namespace prefork::test
