// --keep-requests: a request that takes its worker with it is left as a file, and `prefork-server
// replay` has it do so again where somebody can watch.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kCrashApplication = test_app("crash");

class Replay : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {kCrashApplication, "--workers", "1", "--keep-requests", folder_.path()});
    return more;
  }
  // Sends the bytes and waits until the connection is closed.
  static void send(const ServerProcess& server, const std::string& bytes) {
    Client client(server.url());
    client.send(bytes);
    client.receive_to_the_end();
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().extension() == ".request") {
        files.push_back(entry.path());
      }
    }
    return files;
  }
  bool has_files(std::size_t count) const {
    return wait_until([&] { return files().size() == count; });
  }
  // What the replay has said; standard error with it.
  struct Verdict {
    int code = -1;
    std::string out;
    std::string err;
  };
  static Verdict replay(const std::string& file, const std::vector<std::string>& more) {
    Launch launch;
    launch.arguments = {"replay", file};
    launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
    const FinishedRun run = run_to_the_end(launch, 3 * kPatience);
    return {run.exit ? run.exit->code : -1, run.out, run.err};
  }

  const TemporaryFolder folder_;
};

TEST_F(Replay, ARequestThatCrashesItsWorkerIsAFileWithoutSecretsAndCrashesAgain) {
  ServerProcess server(arguments());
  send(server,
       "GET /null?a=1 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer secret\r\n"
       "Cookie: id=4711\r\nX-Kind: apples\r\n\r\n");
  ASSERT_TRUE(has_files(1)) << server.log();
  const std::string file = files().front();
  struct stat about {};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  const std::string text = read_file(file);
  EXPECT_TRUE(text.starts_with("prefork-request 1\nworker: 0 (pid ")) << text;
  EXPECT_NE(text.find("\nend: signal 11 (SIGSEGV)"), std::string::npos) << text;
  EXPECT_TRUE(
      text.ends_with("\n\nGET /null?a=1 HTTP/1.1\r\nHost: shop\r\n"
                     "Authorization: xxxxxxxxxxxxx\r\nCookie: xxxxxxx\r\n"
                     "X-Kind: apples\r\nConnection: close\r\n\r\n"))
      << text;
  EXPECT_TRUE(server.has_logged({"kept a request of worker 0 (pid ", file}));

  const Verdict again = replay(file, {kCrashApplication});
  EXPECT_EQ(again.code, 9) << again.out << again.err;
  EXPECT_NE(again.out.find("GET /null?a=1 HTTP/1.1\n"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("died again: the worker ended by signal 11 (SIGSEGV)"),
            std::string::npos)
      << again.out;
  EXPECT_NE(again.err.find("last words of worker 0"), std::string::npos) << again.err;
}

// As the README says.
TEST_F(Replay, ADebuggerThatFollowsTheForksStopsWhereItCrashes) {
  constexpr const char* kDebugger = "/usr/bin/gdb";
  if (!exists(kDebugger)) {
    GTEST_SKIP() << "there is no " << kDebugger;
  }
  ServerProcess server(arguments());
  send(server, "GET /null HTTP/1.1\r\nHost: shop\r\n\r\n");
  ASSERT_TRUE(has_files(1)) << server.log();
  Launch launch;
  launch.program = kDebugger;
  launch.arguments = {"-nx",
                      "-batch",
                      "-ex",
                      "set follow-fork-mode child",
                      "-ex",
                      "run",
                      "-ex",
                      "backtrace 1",
                      "--args",
                      server_binary(),
                      "replay",
                      files().front(),
                      kCrashApplication};
  const FinishedRun run = run_to_the_end(launch, 18 * kPatience);
  if (run.out.find("ptrace") != std::string::npos) {
    GTEST_SKIP() << "this system does not permit ptrace";
  }
  EXPECT_NE(run.out.find("received signal SIGSEGV"), std::string::npos) << run.out << run.err;
  EXPECT_NE(run.out.find("crash.cpp:"), std::string::npos) << run.out << run.err;
}

TEST_F(Replay, OneThatIsAnsweredSaysSo) {
  ServerProcess server(arguments());
  send(server, "GET /exit HTTP/1.1\r\nHost: shop\r\n\r\n");
  ASSERT_TRUE(has_files(1)) << server.log();
  const TemporaryFolder site;
  site.write("index.html", "fine");
  const Verdict verdict = replay(files().front(), {site.path(), "--", "--spa"});
  EXPECT_EQ(verdict.code, 0) << verdict.out << verdict.err;
  EXPECT_NE(verdict.out.find("end: exit code 7\n"), std::string::npos) << verdict.out;
  EXPECT_NE(verdict.out.find("answered: HTTP/1.1 200 OK\n"), std::string::npos) << verdict.out;
}

class ReplayByStartMethod : public Replay,
                            public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(ReplayByStartMethod, TheFileIsThere) {
  ServerProcess server(arguments(GetParam()));
  send(server, "GET /null-on-the-loop HTTP/1.1\r\nHost: shop\r\n\r\n");
  EXPECT_TRUE(has_files(1)) << server.log();
  EXPECT_EQ(get(server.url(), "/").status, 200) << "the next worker serves";
}

INSTANTIATE_TEST_SUITE_P(All, ReplayByStartMethod,
                         testing::Values(std::vector<std::string>{"--start-method", "fork"},
                                         std::vector<std::string>{"--start-method", "spawn"},
                                         std::vector<std::string>{"--start-method", "forkserver"},
                                         std::vector<std::string>{"--preload"}));

TEST_F(Replay, AWorkerThatIsKilledLeavesWhatItWorksOnAndNothingElse) {
  ServerProcess server({test_app("features"), "--workers", "1", "--keep-requests", folder_.path()});
  Client client(server.url());
  client.send("GET /block HTTP/1.1\r\nHost: shop\r\n\r\n");
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  Client later(server.url());
  later.send("GET /never HTTP/1.1\r\nHost: shop\r\n\r\n");
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["in_progress"] == 2; }));
  EXPECT_EQ(get(server.url(), "/loop").status, 200);
  ::kill(server.worker_pid(0), SIGKILL);
  ASSERT_TRUE(has_files(2)) << server.log();
  std::string text;
  for (const std::string& file : files()) {
    text += read_file(file);
  }
  EXPECT_NE(text.find("GET /block HTTP/1.1"), std::string::npos) << text;
  EXPECT_NE(text.find("GET /never HTTP/1.1"), std::string::npos) << "it is answered later";
}

TEST_F(Replay, AFolderThatTakesNothingIsALineOfTheLogAndNoMore) {
  const std::string gone = folder_ / "gone";
  std::filesystem::create_directory(gone);
  ServerProcess server({kCrashApplication, "--workers", "1", "--keep-requests", gone});
  std::filesystem::remove(gone);
  send(server, "GET /null HTTP/1.1\r\nHost: shop\r\n\r\n");
  EXPECT_TRUE(server.has_logged({"--keep-requests: cannot write " + gone, "No such file"}));
  EXPECT_TRUE(server.wait_for_workers(1));
  EXPECT_EQ(get(server.url(), "/").status, 200);
}

TEST_F(Replay, WithoutTheOptionNothingIsKept) {
  ServerProcess server({kCrashApplication, "--workers", "1"});
  send(server, "GET /null HTTP/1.1\r\nHost: shop\r\n\r\n");
  EXPECT_TRUE(server.has_logged({"last words of worker 0"}));
  EXPECT_EQ(server.times_logged("kept a request"), 0U);
}

TEST_F(Replay, OfWhatIsNoKeptRequestIsRefusedInOneLine) {
  const std::string other = folder_.write("other", "GET / HTTP/1.1\r\n\r\n");
  const Verdict verdict = replay(other, {});
  EXPECT_EQ(verdict.code, 2);
  EXPECT_EQ(verdict.err, "prefork-server: replay: '" + other +
                             "' is no request that --keep-requests has left\n");
  EXPECT_EQ(replay(folder_ / "missing", {}).code, 2);
}

}  // namespace
}  // namespace prefork::test
