// How processes are made, the same server with each method: what is alike, and what is not.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ipc/control_channel.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// What its descriptors above standard error lead to.
std::multiset<std::string> descriptors_of(pid_t pid) {
  std::multiset<std::string> targets;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry, gone);
    if (std::stoi(entry.path().filename()) > STDERR_FILENO) targets.insert(target);
  }
  return targets;
}

// Where the program and its heap begin, and where its stack does, which grows downwards.
std::vector<std::string> layout_of(pid_t pid) {
  std::istringstream maps(read_file("/proc/" + std::to_string(pid) + "/maps"));
  std::vector<std::string> begins;
  for (std::string line; std::getline(maps, line);) {
    const std::size_t dash = line.find('-');
    // The kernel may show the heap in pieces.
    if (begins.empty() || (begins.size() == 1 && line.ends_with("[heap]"))) {
      begins.push_back(line.substr(0, dash));
    } else if (line.ends_with("[stack]")) {
      begins.push_back(line.substr(dash + 1, line.find(' ') - dash - 1));
    }
  }
  return begins;
}

std::optional<pid_t> process_titled(pid_t group, const std::string& title) {
  for (const pid_t pid : processes_of_group(group)) {
    if (title_of(pid) == "prefork-server: " + title) return pid;
  }
  return std::nullopt;
}

bool has_finished_reload(const ServerProcess& server, int generation, std::size_t workers) {
  return server.wait_for_statistics([&](const Json& report) {
    return report["server"]["generation"] == generation && report["server"]["state"] == "running" &&
           report["workers"].size() == workers;
  });
}

// --- alike ---------------------------------------------------------------------------------------

class EachStartMethod : public testing::TestWithParam<const char*> {
 protected:
  static Launch launch(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--start-method", GetParam()});
    return launch_of(arguments);
  }
};

INSTANTIATE_TEST_SUITE_P(Methods, EachStartMethod, testing::Values("fork", "spawn", "forkserver"),
                         [](const auto& method) { return std::string(method.param); });

TEST_P(EachStartMethod, ServesReplacesReloadsAndStops) {
  ServerProcess server(launch({"--workers", "2"}));
  EXPECT_EQ(get(server.url(), "/plaintext").body, "Hello, World!");
  const pid_t killed = server.worker_pid(1);
  EXPECT_EQ(title_of(killed), "prefork-server: worker 1");
  ASSERT_EQ(::kill(killed, SIGKILL), 0);
  EXPECT_TRUE(server.wait_for_replacement(1, killed, kASecond));
  EXPECT_TRUE(server.has_logged({"pid " + std::to_string(killed), "signal 9 (SIGKILL)"}));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_finished_reload(server, 2, 2));
  server.send_signal(SIGTTIN);
  EXPECT_TRUE(server.wait_for_workers(3));
  EXPECT_EQ(get(server.url(), "/plaintext").body, "Hello, World!");
  EXPECT_EQ(server.stop(), exit_code(0)) << server.log();
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST_P(EachStartMethod, LeavesNoProcessBehindAKilledMaster) {
  ServerProcess server(launch({"--workers", "2"}));
  ASSERT_EQ(::kill(server.worker_pid(0), SIGSTOP), 0) << "it hears of nothing";
  server.send_signal(SIGKILL);
  EXPECT_EQ(server.wait_for_exit(), killed_by(SIGKILL));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST_P(EachStartMethod, ACrashIsToldWithItsRequest) {
  const ServerProcess server(launch({test_app("crash"), "--workers", "1"}));
  Client client(server.url());
  EXPECT_EQ(client.get("/null").status, 0);
  EXPECT_TRUE(
      server.has_logged({"worker 0 was working on GET /null from " + client.own_address()}));
  EXPECT_TRUE(wait_until([&] { return get(server.url(), "/").body == "alive\n"; }));
}

TEST_P(EachStartMethod, NumbersAndLeaderAreSharedByWorkersOfEachGeneration) {
  ServerProcess server(launch({test_app("shared"), "--workers", "2"}));
  const auto order = [&] {
    Client client(server.url());
    client.send("POST /orders HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    return client.receive().body;
  };
  EXPECT_EQ(order(), "2");
  EXPECT_EQ(order(), "4");
  ASSERT_TRUE(server.has_logged({"leads: "})) << "before the reload, which may be faster";
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_finished_reload(server, 2, 2));
  EXPECT_EQ(order(), "6");
  EXPECT_TRUE(wait_until([&] { return server.times_logged("leads: ") >= 2; }));
}

TEST_P(EachStartMethod, GivesProcessesTheirOwnDescriptorsAlone) {
  ipc::ControlPair stray = ipc::make_control_pair();
  Launch with_stray = launch({"--workers", "1"});
  with_stray.descriptors[40] = stray.child.read_fd();
  const ServerProcess server(std::move(with_stray));
  const std::string pipe =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(stray.child.read_fd()));
  const pid_t observer = server.statistics()["server"]["observer_pid"].get<pid_t>();
  EXPECT_TRUE(descriptors_of(server.pid()).contains(pipe)) << "or nothing is shown here";
  for (const pid_t child : {server.worker_pid(0), observer}) {
    const auto descriptors = descriptors_of(child);
    EXPECT_FALSE(descriptors.contains(pipe)) << title_of(child);
    for (const char* name :
         {"prefork-statistics", "prefork-shared", "prefork-log", "prefork-start"}) {
      EXPECT_FALSE(descriptors.contains("/memfd:" + std::string(name) + " (deleted)"))
          << title_of(child) << " has " << name;
    }
  }
}

TEST_P(EachStartMethod, NamesOfLogsAndOfTheProgramAreThoseOfTheStart) {
  const TemporaryFolder folder;
  Launch in_folder = launch(
      {test_app("processes"), "--workers", "1", "--log-file", "log", "--access-log", "access"});
  in_folder.working_folder = folder / ".";
  ServerProcess server(std::move(in_folder));
  EXPECT_EQ(get(server.url(), "/name").body, server_binary() + " prefork-server");
  ASSERT_EQ(get(server.url(), "/go-elsewhere").body, "gone\n");
  std::filesystem::rename(folder / "access", folder / "access.1");
  std::filesystem::rename(folder / "log", folder / "log.1");
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] { return exists(folder / "access") && exists(folder / "log"); }));
}

TEST_P(EachStartMethod, AWorkerThatBecomesAnotherProgramIsReplaced) {
  ServerProcess server(
      launch({test_app("processes"), "--workers=1", "--timeout-worker-healthcheck=off"}));
  const pid_t before = server.worker_pid(0);
  Client client(server.url());
  client.send(get_request("/become-another-program"));
  EXPECT_TRUE(server.has_logged({"worker 0", "has closed its control pipe"}));
  EXPECT_TRUE(server.wait_for_replacement(0, before));
}

TEST_P(EachStartMethod, ACopyOfAWorkerThatComesBackFromItsHandlerEnds) {
  const ServerProcess server(launch({test_app("processes"), "--workers", "1"}));
  const std::size_t processes = processes_of_group(server.pid()).size();
  EXPECT_EQ(get(server.url(), "/fork-and-return").body, "returned\n");
  EXPECT_TRUE(wait_until([&] { return processes_of_group(server.pid()).size() == processes; }));
}

// --- not alike -----------------------------------------------------------------------------------

TEST(ASpawnedWorker, HasAnAddressSpaceOfItsOwn) {
  if (is_sanitized()) {
    GTEST_SKIP() << "a sanitizer's memory about memory is always at the same place";
  }
  const ServerProcess server({"--workers", "2", "--start-method", "spawn"});
  const auto pids = server.worker_pids();
  const auto first = layout_of(pids.at(0));
  const auto second = layout_of(pids.at(1));
  const auto master = layout_of(server.pid());
  ASSERT_GE(first.size(), 2U);
  ASSERT_EQ(second.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_NE(first[i], second[i]);
    EXPECT_NE(first[i], master.at(i));
  }
}

TEST(AForkedWorker, HasTheAddressSpaceOfWhoeverForkedIt) {
  for (const char* method : {"fork", "forkserver"}) {
    const ServerProcess server({"--workers", "2", "--start-method", method});
    EXPECT_EQ(layout_of(server.worker_pid(0)), layout_of(server.worker_pid(1))) << method;
    EXPECT_EQ(layout_of(server.worker_pid(0)), layout_of(server.pid())) << method;
  }
}

TEST(ASpawnedWorker, HasTheConfigurationOfItsGenerationWhateverTheFileSaysByNow) {
  const TemporaryFolder folder;
  const std::string file = folder.write("shop.toml", "header = [\"X-Build: one\"]\nworkers = 1\n");
  ServerProcess server(
      {"--config", file, "--port", "0", "--admin", "127.0.0.1:0", "--start-method", "spawn"});
  folder.write("shop.toml", "header = [\"X-Build: two\"]\nworkers = 1\n");
  const pid_t first = server.worker_pid(0);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  ASSERT_TRUE(server.wait_for_replacement(0, first));
  EXPECT_EQ(get(server.url(), "/").header("X-Build"), "one");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_finished_reload(server, 2, 1));
  EXPECT_EQ(get(server.url(), "/").header("X-Build"), "two");
}

TEST(ASpawnedWorker, IsOfTheProgramThatRunsWhateverItsPathNamesByNow) {
  const TemporaryFolder folder;
  Launch launch = launch_of({"--workers", "1", "--start-method", "spawn"});
  launch.program = folder / "server";
  std::filesystem::copy_file(server_binary(), launch.program);
  const ServerProcess server(launch);
  std::filesystem::rename(folder.write("next", "no program"), launch.program);
  const pid_t first = server.worker_pid(0);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_TRUE(server.wait_for_replacement(0, first, kASecond));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

TEST(AReload, ChangesTheStartMethod) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& method) {
    return folder.write("shop.toml", "workers = 2\nstart_method = \"" + method + "\"\n");
  };
  ServerProcess server(
      launch_of({"--config", write("fork"), "--port", "0", "--admin", "127.0.0.1:0"}));
  int generation = 1;
  for (const std::string method : {"spawn", "forkserver", "spawn", "fork"}) {
    write(method);
    server.send_signal(SIGHUP);
    ASSERT_TRUE(has_finished_reload(server, ++generation, 2)) << method;
    EXPECT_EQ(layout_of(server.worker_pid(0)) == layout_of(server.pid()), method != "spawn");
    EXPECT_TRUE(wait_until([&] {
      return process_titled(server.pid(), "fork server").has_value() == (method == "forkserver");
    })) << method;
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

// --- a fork server -------------------------------------------------------------------------------

TEST(AForkServer, ThatIsKilledIsReplacedWithTheNextWorker) {
  ServerProcess server({"--workers", "2", "--start-method", "forkserver"});
  const auto first = process_titled(server.pid(), "fork server");
  ASSERT_TRUE(first);
  const pid_t worker = server.worker_pid(0);
  ASSERT_EQ(::kill(*first, SIGKILL), 0);
  ASSERT_EQ(::kill(worker, SIGKILL), 0) << "at the same time";
  EXPECT_TRUE(server.wait_for_replacement(0, worker, kASecond));
  EXPECT_TRUE(server.has_logged({"the fork server of generation 1 ended: signal 9 (SIGKILL)"}));
  const auto second = process_titled(server.pid(), "fork server");
  ASSERT_TRUE(second);
  EXPECT_NE(second, first);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AForkServer, ThatDoesNothingIsReplacedWhenAWorkerIsNotThereInTime) {
  ServerProcess server(
      {"--workers", "2", "--start-method", "forkserver", "--timeout-worker-boot", "500ms"});
  const auto first = process_titled(server.pid(), "fork server");
  ASSERT_TRUE(first);
  ASSERT_EQ(::kill(*first, SIGSTOP), 0);
  const pid_t worker = server.worker_pid(0);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_TRUE(server.has_logged({"its fork server ended: signal 9 (SIGKILL)"}));
  EXPECT_TRUE(server.wait_for_replacement(0, worker));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AForkServer, ThatLoadsForLongHoldsUpNobodyElse) {
  const TemporaryFolder folder;
  Launch launch = launch_of({test_app("shared"), "--workers", "2", "--preload"});
  const std::string gate = folder / "gate";
  launch.environment["TEST_APP_LOAD_GATE"] = gate;
  ServerProcess server(std::move(launch));
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"loading waits"}));
  for (const int slot : {0, 1}) {
    const pid_t killed = server.worker_pid(slot);
    ASSERT_EQ(::kill(killed, SIGKILL), 0);
    EXPECT_TRUE(server.wait_for_replacement(slot, killed, kASecond)) << server.log();
  }
  EXPECT_EQ(server.statistics()["server"]["generation"], 1) << "while the next one still loads";
  EXPECT_EQ(get(server.url(), "/slot").status, 200);
  const ipc::OwnedFd opened(::open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(opened.valid());
  EXPECT_TRUE(has_finished_reload(server, 2, 2));
  EXPECT_EQ(server.stop(), exit_code(0));
}

}  // namespace
}  // namespace prefork::test
