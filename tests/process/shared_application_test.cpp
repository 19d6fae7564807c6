// What the workers of an application share (numbers, a leader, what was loaded before the fork),
// what each has for itself, and folders below its paths.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::string post(const std::string& url, const std::string& path, const std::string& method) {
  Client client(url);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  return client.receive().body;
}

// Ends a worker and waits for its successor.
void replace_worker(const ServerProcess& server, int slot) {
  const pid_t before = server.worker_pid(slot);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(server.wait_for_statistics([slot, before](const Json& statistics) {
    const Json& worker = statistics["workers"][static_cast<std::size_t>(slot)];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
}

pid_t leader_of(const ServerProcess& server) {
  pid_t leader = 0;
  wait_until([&] {
    const std::string said = get(server.url(), "/leader").body;
    leader = said == "no" || said.empty() ? 0 : std::stoi(said);
    return leader != 0;
  });
  return leader;
}

TEST(SharedNumbers, AreSummedOverTheWorkersAndKeepWhatEndedOnesCounted) {
  ServerProcess server({test_app("shared"), "--workers", "2"});
  for (int i = 0; i < 10; ++i) {
    post(server.url(), "/orders", "POST");
  }
  EXPECT_EQ(get(server.url(), "/orders").body, "20");
  replace_worker(server, 0);
  replace_worker(server, 1);
  EXPECT_EQ(get(server.url(), "/orders").body, "20");
  EXPECT_EQ(post(server.url(), "/orders", "POST"), "22");
  const Json statistics = server.statistics();
  EXPECT_EQ(statistics["totals"]["application"]["orders_total"], 22);
  EXPECT_EQ(statistics["workers"][0]["application"]["orders_total"].get<int>() +
                statistics["workers"][1]["application"]["orders_total"].get<int>(),
            2);
}

TEST(SharedNumbers, GaugesEndWithTheirWorker) {
  ServerProcess server({test_app("shared"), "--workers", "1"});
  EXPECT_EQ(post(server.url(), "/stock/7", "PUT"), "7");
  EXPECT_EQ(server.statistics()["totals"]["application"]["stock"], 7);
  replace_worker(server, 0);
  EXPECT_EQ(server.statistics()["totals"]["application"]["stock"], 0);
}

TEST(Leader, IsOneWorkerAndWhenItDiesAnother) {
  ServerProcess server({test_app("shared"), "--workers", "3"});
  const pid_t first = leader_of(server);
  ASSERT_NE(first, 0);
  EXPECT_TRUE(server.has_logged({"leads: " + std::to_string(first)}));
  EXPECT_EQ(server.times_logged("leads: "), 1U);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  ASSERT_TRUE(wait_until([&] { return server.times_logged("leads: ") == 2; }));
  const pid_t second = leader_of(server);
  EXPECT_NE(second, first);
  EXPECT_TRUE(server.has_logged({"leads: " + std::to_string(second)}));
}

TEST(Leader, PassesOnWithAReload) {
  ServerProcess server({test_app("shared"), "--workers", "2"});
  const pid_t first = leader_of(server);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] {
    const pid_t now = leader_of(server);
    return now != first && server.statistics()["server"]["generation"] == 2;
  }));
  EXPECT_GE(server.times_logged("leads: "), 2U);
}

TEST(PerWorker, IsMadeInTheWorkerAndDestroyedWhenItStops) {
  ServerProcess server({test_app("shared"), "--workers", "2", "--preload"});
  const std::string slot = get(server.url(), "/slot").body;
  EXPECT_TRUE(slot == "0" || slot == "1") << slot;
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_EQ(server.times_logged("context destroyed"), 2U) << server.log();
}

// --- folders -------------------------------------------------------------------------------------

class Mounts : public testing::Test {
 protected:
  static Launch launch(const TemporaryFolder& folder, const std::vector<std::string>& more = {}) {
    folder.write("site.css", "body {}\n");
    folder.write("routed", "by the folder");
    std::filesystem::create_directories(folder.path() + "/below/empty");
    folder.write("below/index.html", "<p>below</p>");
    std::vector<std::string> arguments{test_app("shared"), "--workers", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Launch launch = launch_of(arguments);
    launch.environment["TEST_APP_FOLDER"] = folder.path();
    return launch;
  }

  TemporaryFolder folder_;
  ServerProcess server_{launch(folder_)};
};

TEST_F(Mounts, ShowTheFilesBelowTheirPrefix) {
  const Reply reply = get(server_.url(), "/assets/site.css");
  EXPECT_EQ(reply.body, "body {}\n") << reply;
  EXPECT_EQ(reply.header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(reply.header("Cache-Control"), "max-age=60");
  EXPECT_EQ(get(server_.url(), "/assets/nothing").status, 404);
  EXPECT_EQ(get(server_.url(), "/site.css").status, 404);
  EXPECT_EQ(get(server_.url(), "/assetsite.css").status, 404);
  EXPECT_EQ(get(server_.url(), "/assets/../assets/etc/passwd").status, 404);
  EXPECT_EQ(get(server_.url(), "/assets/%2e%2e/etc/passwd").status, 400);
  EXPECT_EQ(get(server_.url(), "/assets%2Fsite.css").status, 404) << "not below the prefix";
}

TEST_F(Mounts, ThePrefixAloneIsAFolder) {
  const Reply reply = get(server_.url(), "/assets?a=b");
  EXPECT_EQ(reply.status, 301) << reply;
  EXPECT_EQ(reply.header("Location"), "/assets/?a=b");
  EXPECT_NE(get(server_.url(), "/assets/").body.find("site.css"), std::string::npos);
}

TEST_F(Mounts, RoutesComeFirstAndTheLongestPrefixWins) {
  EXPECT_EQ(get(server_.url(), "/assets/routed").body, "by a route");
  EXPECT_EQ(get(server_.url(), "/assets/deep/").body, "<p>below</p>");
  EXPECT_EQ(get(server_.url(), "/assets/below/empty").header("Location"), "/assets/below/empty/");
}

TEST_F(Mounts, AnswerGetAndHeadOnly) {
  Client client(server_.url());
  client.send("DELETE /assets/site.css HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 405) << reply;
  EXPECT_EQ(reply.header("Allow"), "OPTIONS, GET, HEAD");
}

TEST(MountsBehindAProxy, RedirectBelowTheRootPath) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() + "/below");
  Launch launch = launch_of({test_app("shared"), "--workers", "1", "--root-path", "/shop"});
  launch.environment["TEST_APP_FOLDER"] = folder.path();
  ServerProcess server(launch);
  EXPECT_EQ(get(server.url(), "/assets").header("Location"), "/shop/assets/");
}

TEST(MountOfEverything, LeavesToRoutesAndNotFoundWhatIsTheirs) {
  const TemporaryFolder folder;
  folder.write("index.html", "the index");
  folder.write("a.txt", "a file");
  Launch launch = launch_of({test_app("shared"), "--workers", "1"});
  launch.environment["TEST_APP_SITE"] = folder.path();
  ServerProcess server(launch);
  EXPECT_EQ(get(server.url(), "/").body, "the index") << "although there is a route for POST";
  EXPECT_EQ(post(server.url(), "/", "POST"), "posted");
  EXPECT_EQ(get(server.url(), "/a.txt").body, "a file") << "although OPTIONS has all paths";
  EXPECT_EQ(get(server.url(), "/nowhere").body, "nothing at /nowhere");
  EXPECT_EQ(post(server.url(), "/nowhere", "DELETE"), "nothing at /nowhere");
  EXPECT_EQ(get(server.url(), "/p/a%2Fb/c").body, "a/b c");
  EXPECT_EQ(get(server.url(), "/p/..%2Fa.txt/c").status, 400);
  const Reply items = get(server.url(), "/items");
  EXPECT_EQ(items.status, 405);
  EXPECT_EQ(items.header("Allow"), "OPTIONS, POST");
  Client client(server.url());
  client.send("DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply index = client.receive();
  EXPECT_EQ(index.status, 405);
  EXPECT_EQ(index.header("Allow"), "OPTIONS, GET, HEAD, POST");
}

// --- before the fork -----------------------------------------------------------------------------

// Who has loaded it: neither the master nor a worker.
pid_t fork_server_of(const ServerProcess& server) {
  const std::string pid = get(server.url(), "/loaded-by").body;
  EXPECT_FALSE(pid.empty());
  return pid.empty() ? 0 : std::stoi(pid);
}

TEST(Preload, LoadsOnceInAProcessOfItsOwnThatForksTheWorkers) {
  ServerProcess server({test_app("shared"), "--workers", "2", "--preload"});
  const pid_t fork_server = fork_server_of(server);
  EXPECT_TRUE(server.has_logged({"fork server", "loaded by " + std::to_string(fork_server)}));
  EXPECT_NE(fork_server, server.pid());
  for (const auto& [slot, pid] : server.worker_pids()) EXPECT_NE(fork_server, pid);
  replace_worker(server, 0);
  EXPECT_EQ(server.times_logged("loaded by "), 1U);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_EQ(server.times_logged("table freed"), 1U);
}

TEST(Preload, AForkServerThatIsLostIsStartedAgainWithTheNextWorker) {
  ServerProcess server({test_app("shared"), "--workers", "1", "--preload"});
  const pid_t first = fork_server_of(server);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_TRUE(server.has_logged({"the fork server of generation 1 ended: signal 9"}));
  EXPECT_EQ(fork_server_of(server), first);  // the worker goes on
  replace_worker(server, 0);
  EXPECT_NE(fork_server_of(server), first);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Preload, AnApplicationThatCrashesAsItIsLetGoEndsNobodyElse) {
  Launch launch = launch_of({test_app("shared"), "--workers", "1", "--preload"});
  launch.environment["TEST_APP_UNLOAD_CRASH"] = "1";
  ServerProcess server(launch);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["generation"] == 2 && statistics["workers"].size() == 1;
  }));
  EXPECT_TRUE(server.has_logged({"table freed"}));
  EXPECT_EQ(get(server.url(), "/slot").body, "0");
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Preload, AnApplicationThatHangsAsItIsLetGoDelaysAStopByASecond) {
  Launch launch = launch_of({test_app("shared"), "--workers", "1", "--preload"});
  launch.environment["TEST_APP_UNLOAD_HANG"] = "1";
  ServerProcess server(launch);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Preload, AStopDoesNotWaitForALoadThatHangs) {
  Launch launch = launch_of(
      {test_app("shared"), "--workers", "2", "--preload", "--port", "0", "--admin", "127.0.0.1:0"});
  launch.environment["TEST_APP_LOAD_HANG"] = "1";
  const TemporaryFolder folder;
  launch.stderr_path = folder.path() + "/log";
  ChildProcess child(launch);
  const auto is_loading = [&] {
    std::ostringstream log;
    log << std::ifstream(launch.stderr_path).rdbuf();
    return log.str().find("loaded by ") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(is_loading));
  ASSERT_EQ(::kill(child.pid(), SIGTERM), 0);
  EXPECT_EQ(child.wait(kPatience), exit_code(0));
}

TEST(Preload, WithoutItEachWorkerLoads) {
  ServerProcess server({test_app("shared"), "--workers", "2"});
  EXPECT_EQ(server.times_logged("loaded by "), 2U);
  EXPECT_NE(get(server.url(), "/loaded-by").body, std::to_string(server.pid()));
}

TEST(Preload, AThreadThatIsLeftBehindIsNamedAndRefused) {
  Launch launch = launch_of({test_app("shared"), "--preload", "--port", "0", "--admin", "off"});
  launch.environment["TEST_APP_LOAD_THREAD"] = "1";
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find("left a thread named 'busybody' running"), std::string::npos) << run.err;
}

TEST(Preload, AWrongApplicationIsACodeAndALine) {
  const FinishedRun run = run_to_the_end(
      launch_of({test_app("broken_3"), "--preload", "--port", "0", "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find("cannot be loaded: no licence file"), std::string::npos) << run.err;
}

TEST(Preload, MeansNothingWithoutAnApplication) {
  const FinishedRun run = run_to_the_end(launch_of({"--preload", "--port", "0"}));
  EXPECT_EQ(run.exit, exit_code(2)) << run.err;
  EXPECT_NE(run.err.find("--preload: has no effect without an application"), std::string::npos)
      << run.err;
}

class PreloadedReload : public testing::Test {
 protected:
  PreloadedReload() { put(test_app("shared")); }

  void put(const std::string& from) {
    const std::string next = folder_.path() + "/next.so";
    std::filesystem::copy_file(from, next, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(next, path_);
  }
  // What is wrong is said, and the old ones go on.
  void reload_in_vain(ServerProcess& server, const std::string& said) {
    const auto before = server.worker_pids();
    const pid_t fork_server = fork_server_of(server);
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.has_logged({"was given up", said}));
    EXPECT_EQ(fork_server_of(server), fork_server);
    EXPECT_EQ(server.worker_pids(), before);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/app.so";
};

TEST_F(PreloadedReload, ServesTheNewFileAndLetsGoOfTheOldOne) {
  ServerProcess server({path_, "--workers", "2", "--preload"});
  put(test_app("hello"));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return get(server.url(), "/").body == "Hello, World!\n"; }));
  EXPECT_TRUE(server.has_logged({"fork server", "table freed"}));
}

TEST_F(PreloadedReload, OfTheSameFileLoadsItAgain) {
  ServerProcess server({path_, "--workers", "1", "--preload"});
  const pid_t first = fork_server_of(server);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["generation"] == 2 && statistics["workers"].size() == 1;
  }));
  EXPECT_EQ(server.times_logged("loaded by "), 2U);
  EXPECT_TRUE(server.has_logged({"fork server[" + std::to_string(first), "table freed"}));
  EXPECT_NE(fork_server_of(server), first);
}

TEST_F(PreloadedReload, WithAWrongOrCrashingFileKeepsTheOldWorkers) {
  ServerProcess server({path_, "--workers", "2", "--preload"});
  put(test_app("broken_3"));
  reload_in_vain(server, "no licence file");
  put(test_app("broken_8"));
  reload_in_vain(server, "ended the process that loaded it: signal");
}

}  // namespace
}  // namespace prefork::test
