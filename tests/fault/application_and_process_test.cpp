// What an application does with its process, and what its process was started with, harms nobody
// else: every process sets the signals that it relies on itself, at its start and after each call
// into an application; who ends its process has crashed, whatever the code; and programs that a
// handler starts find what a program expects.
#include <gtest/gtest.h>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// As a careless parent starts a program: it inherits what is ignored.
Launch with_sleeping_ears(const std::vector<std::string>& arguments) {
  Launch launch = launch_of(arguments);
  launch.ignored_signals = {SIGCHLD, SIGTERM, SIGABRT, SIGUSR2};
  return launch;
}

TEST(SignalsOfTheParent, ThatWereIgnoredAreHeardAllTheSame) {
  ServerProcess server(with_sleeping_ears({"--workers", "2"}));
  const pid_t before = server.worker_pid(0);
  ::kill(before, SIGKILL);
  EXPECT_TRUE(server.wait_for_replacement(0, before, 2 * kASecond));
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(SignalsOfTheParent, ThatWereIgnoredDoNotKeepAHungWorker) {
  ServerProcess server(
      with_sleeping_ears({"--workers", "1", "--timeout-worker-healthcheck", "500ms"}));
  const pid_t before = server.worker_pid(0);
  ::kill(before, SIGSTOP);
  EXPECT_TRUE(server.wait_for_statistics([before](const Json& report) {
    const Json& worker = report["workers"][0];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
}

TEST(SignalsOfTheApplication, ThatItChangesAtItsLoadAreSetAgain) {
  Launch launch = launch_of({test_app("processes"), "--workers", "1"});
  launch.environment["TEST_CHANGES_SIGNALS"] = "1";
  ServerProcess server(std::move(launch));
  const pid_t before = server.worker_pid(0);
  ::kill(before, SIGTERM);
  EXPECT_TRUE(server.wait_for_replacement(0, before, 2 * kASecond));
  EXPECT_NE(get(server.url(), "/popen").body.find("SigBlk:\t0000000000000000"), std::string::npos);
  server.send_signal_to_group(SIGINT);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

// SIGTERM of the default action would end a worker with all its requests.
TEST(SignalsOfTheApplication, ThatAHandlerChangesAreSetAgainSoon) {
  ServerProcess server({test_app("processes"), "--workers", "1"});
  const pid_t before = server.worker_pid(0);
  ASSERT_EQ(get(server.url(), "/forget-signals").status, 200);
  EXPECT_TRUE(wait_until([&] {
    const std::string status = read_file("/proc/" + std::to_string(before) + "/status");
    const std::size_t caught = status.find("SigCgt:\t");
    return caught != status.npos &&
           (std::stoull(status.substr(caught + 8), nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
  })) << "within the next look, a second at most";
  ::kill(before, SIGTERM);
  EXPECT_TRUE(server.has_logged({"worker 0", "ended: exit code 0, as asked"}));
  EXPECT_TRUE(server.wait_for_replacement(0, before, 2 * kASecond));
}

class ProgramsOfHandlers : public testing::TestWithParam<const char*> {};

// The set of signals behind `name`, without the two of the C library, which ignores them in what it
// spawns.
std::uint64_t signals_in(const std::string& said, const std::string& name) {
  constexpr std::uint64_t kOfTheLibrary = 0x180000000;
  const std::size_t at = said.find(name + ":\t");
  return at == said.npos
             ? ~std::uint64_t{0}
             : std::stoull(said.substr(at + name.size() + 2), nullptr, 16) & ~kOfTheLibrary;
}

TEST_P(ProgramsOfHandlers, FindNoSignalBlockedOrIgnored) {
  const ServerProcess server({test_app("processes"), "--workers", "1"});
  const std::string said = get(server.url(), GetParam()).body;
  EXPECT_EQ(signals_in(said, "SigBlk"), 0U) << said;
  EXPECT_EQ(signals_in(said, "SigIgn"), 0U) << said;
}

INSTANTIATE_TEST_SUITE_P(HoweverTheyAreStarted, ProgramsOfHandlers,
                         testing::Values("/popen", "/fork-and-exec", "/posix-spawn"));

TEST(ProgramsOfHandlers, ThatAreForkedHaveTheFileLimitOfTheStart) {
  Launch launch = launch_of({test_app("processes"), "--workers", "1"});
  launch.limit_open_files_softly = 300;
  const ServerProcess server(std::move(launch));
  const std::string said = get(server.url(), "/fork-and-exec").body;
  EXPECT_NE(said.find("files 300\n"), std::string::npos) << said;
}

TEST(AWorkerThatEndsItself, HasCrashedWhateverItsCode) {
  ServerProcess server({test_app("processes"), "--workers", "1"});
  for (const char* path : {"/exit/3", "/exit/4", "/exit/0", "/exit/3", "/exit/3", "/exit/3"}) {
    const pid_t before = server.worker_pid(0);
    Client client(server.url());
    client.send(get_request(path));
    ASSERT_TRUE(server.wait_for_statistics([before](const Json& report) {
      const Json& worker = report["workers"][0];
      return worker["state"] == "ready" && worker["pid"] != before;
    }));
  }
  EXPECT_EQ(server.times_logged("could not boot"), 0U) << server.log();
  EXPECT_EQ(get(server.url(), "/").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AForkedProcess, DoesNotKeepTheConnectionsOfItsParentOpen) {
  ServerProcess server({test_app("processes"), "--workers", "1"});
  const pid_t forked = std::stoi(get(server.url(), "/fork").body);
  for (int i = 0; i < 3; ++i) {
    Client client(server.url());
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive_to_the_end(kASecond), "");
    EXPECT_EQ(client.problem(), "");
  }
  Client last(server.url());
  last.send("GET /fork HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const pid_t with_connection = std::stoi(last.receive().body);
  EXPECT_EQ(last.receive_to_the_end(kASecond), "");
  EXPECT_EQ(last.problem(), "");
  EXPECT_EQ(server.stop(), exit_code(0));
  for (const pid_t pid : {forked, with_connection}) {
    EXPECT_TRUE(is_running(pid)) << "it had the default action, and nobody has sent it anything";
    ::kill(pid, SIGTERM);
    EXPECT_TRUE(wait_until([pid] { return !is_running(pid); }));
  }
}

// It would be a second worker, on the same descriptors, that nobody has asked for.
class ACopyOfAWorker : public testing::TestWithParam<const char*> {};

TEST_P(ACopyOfAWorker, ThatComesBackFromItsHandlerEndsAndAnswersNobody) {
  ServerProcess server({test_app("processes"), "--workers", "1", "--admin", "off"});
  Client client(server.url());
  const std::size_t processes = processes_of_group(server.pid()).size();
  EXPECT_EQ(client.get(GetParam()).body, "returned\n");
  EXPECT_EQ(client.get("/").body, "alive\n") << "no second answer to the first request";
  EXPECT_TRUE(wait_until([&] { return processes_of_group(server.pid()).size() == processes; }))
      << "the copy is gone, and nobody has taken a worker's place";
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(no_process_left(server.pid()));
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, ACopyOfAWorker,
                         testing::Values("/fork-and-return", "/fork-and-return-on-the-loop"));

TEST(AWorkerThatBecomesAnotherProgram, IsReplacedWithoutTheHealthCheck) {
  ServerProcess server(
      {test_app("processes"), "--workers", "1", "--timeout-worker-healthcheck", "off"});
  const pid_t before = server.worker_pid(0);
  Client client(server.url());
  client.send(get_request("/become-another-program"));
  EXPECT_TRUE(server.has_logged({"worker 0", "has closed its control pipe"}));
  EXPECT_TRUE(server.wait_for_statistics([before](const Json& report) {
    const Json& worker = report["workers"][0];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
  EXPECT_EQ(get(server.url(), "/").status, 200);
}

TEST(AListeningSocket, ThatAnApplicationShutsDownListensAgain) {
  ServerProcess server({test_app("processes"), "--workers", "2"});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(server.url(), "/shut-down-listeners").body, "1");
    EXPECT_TRUE(wait_until([&] { return get(server.url(), "/").status == 200; }));
  }
  EXPECT_TRUE(server.has_logged({"has shut down the listening socket", "it listens again"}));
  EXPECT_EQ(server.statistics()["server"]["generation"], 1);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AListeningSocket, OfAFileThatAnApplicationShutsDownIsOpenedAnew) {
  const TemporaryFolder folder;
  ServerProcess server({test_app("processes"), "--workers", "2", "--uds", folder / "socket"});
  EXPECT_EQ(get(server.url(), "/shut-down-listeners").body, "1");
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(get(server.url(), "/").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(folder / "socket"));
}

TEST(AListeningSocket, ThatAnApplicationHasMadeToWaitHoldsUpNoWorker) {
  for (const bool is_local : {false, true}) {
    const TemporaryFolder folder;
    std::vector<std::string> arguments = {test_app("processes"), "--workers", "4"};
    if (is_local) {
      arguments.insert(arguments.end(), {"--uds", folder / "s"});
    }
    ServerProcess server(arguments);
    EXPECT_NE(get(server.url(), "/make-listeners-wait").body, "0");
    // All are woken for each connection, and one is the first.
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(get(server.url(), "/").body, "alive\n");
    }
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

class TheAddressOfAService : public testing::TestWithParam<bool> {};

// Forked by a worker that is gone when the service stops, or by one that stops with it.
TEST_P(TheAddressOfAService, IsFreeWhenItHasStoppedThoughWhatItForkedLivesOn) {
  ServerProcess server({test_app("processes"), "--workers", "2"});
  const pid_t forked = std::stoi(get(server.url(), "/fork").body);
  if (GetParam()) {
    for (const int slot : {0, 1}) {
      const pid_t before = server.worker_pid(slot);
      ::kill(before, SIGTERM);
      EXPECT_TRUE(wait_until([&] { return !is_running(before); }));
    }
  }
  const std::string port = server.url().substr(server.url().rfind(':') + 1);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(is_running(forked));
  Launch again = launch_of({test_app("processes"), "--workers", "1", "--port", port});
  ServerProcess successor(std::move(again));
  EXPECT_EQ(get(successor.url(), "/").body, "alive\n");
  EXPECT_EQ(successor.stop(), exit_code(0));
  ::kill(forked, SIGTERM);
  EXPECT_TRUE(wait_until([forked] { return !is_running(forked); }));
}

INSTANTIATE_TEST_SUITE_P(WhoeverForked, TheAddressOfAService, testing::Bool());

TEST(TheProcessTitle, LeavesTheEnvironmentToLibrariesThatReadItAtTheEnd) {
  if (is_sanitized()) {
    GTEST_SKIP() << "the run-time library of a sanitizer wants to be the first to be loaded";
  }
  for (const char* padding : {"", "x"}) {
    Launch launch = launch_of({"--workers", "1"});
    launch.environment["LD_PRELOAD"] = test_app("late_reader");
    // First and last of the environment, in its order.
    launch.environment[std::string("AAA") + padding] = "1";
    launch.environment["TEST_LATE_READER"] = "as it was";
    launch.environment["ZZZ"] = "2";
    ServerProcess server(std::move(launch));
    EXPECT_EQ(title_of(server.pid()), "prefork-server: master");
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

TEST(TheProcessTitle, LeavesTheNameThatTheCLibraryHasOfTheProgram) {
  const ServerProcess server({test_app("processes"), "--workers", "1"});
  EXPECT_EQ(get(server.url(), "/name").body, server_binary() + " prefork-server");
}

TEST(WithoutProc, TheServerServesReplacesAndStops) {
  if (is_sanitized()) {
    GTEST_SKIP() << "the run-time library of a sanitizer reads /proc";
  }
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can hide /proc";
  }
  for (const char* method : {"fork", "forkserver"}) {
    Launch launch = launch_of({"--workers", "1", "--start-method", method});
    launch.without_proc = true;
    ServerProcess server(std::move(launch));
    const pid_t before = server.worker_pid(0);
    ::kill(before, SIGKILL);
    EXPECT_TRUE(server.wait_for_replacement(0, before, 2 * kASecond)) << method;
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    EXPECT_EQ(server.stop(), exit_code(0));
  }
}

TEST(WithoutProc, ProcessesCannotBeStartedAnewWhichIsALine) {
  if (is_sanitized()) {
    GTEST_SKIP() << "the run-time library of a sanitizer reads /proc";
  }
  Launch launch = launch_of({"--workers", "1", "--port", "0", "--start-method", "spawn"});
  launch.without_proc = true;
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can hide /proc";
  }
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_EQ(run.err,
            "prefork-server: --start-method: spawn starts the file again that runs "
            "(/proc/self/exe), and it cannot be found; mount /proc, or use fork or forkserver\n");
}

TEST(AHookThatHangs, IsNamedWhenItsWorkerIsCutAndIsNoRequest) {
  Launch launch =
      launch_of({test_app("processes"), "--workers", "1", "--timeout-graceful-shutdown", "300ms"});
  launch.environment["TEST_STOP_HOOK_HANGS"] = "1";
  ServerProcess server(std::move(launch));
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(server.has_logged({"worker 0 is cut in the application's hook on_worker_stop"}));
}

TEST(AnExitHandlerThatHangs, IsNamedWhenItsWorkerIsCut) {
  ServerProcess server(
      {test_app("processes"), "--workers", "1", "--timeout-graceful-shutdown", "500ms"});
  ASSERT_EQ(get(server.url(), "/hang-at-exit").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(
      server.has_logged({"worker 0", "is cut in the application's destructors and exit handlers"}));
}

TEST(AnExitHandlerThatHangs, KeepsNoReplacedWorkerForEver) {
  ServerProcess server({test_app("processes"), "--workers", "1", "--timeout-graceful-shutdown",
                        "500ms", "--timeout-worker-healthcheck", "500ms"});
  ASSERT_EQ(get(server.url(), "/hang-at-exit").status, 200);
  const pid_t before = server.worker_pid(0);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"(pid " + std::to_string(before) + ") ended: signal"}));
  EXPECT_TRUE(server.has_logged({"is stuck with the application's destructors"}));
}

TEST(ADebugger, HoldsAWorkerThatIsToldAndNotKilled) {
  ServerProcess server({"--workers", "1", "--timeout-worker-healthcheck", "500ms"});
  const pid_t worker = server.worker_pid(0);
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, worker, nullptr, nullptr), 0);
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, worker, nullptr, nullptr), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(worker, &status, 0), worker);
  EXPECT_TRUE(server.has_logged({"is held by a debugger (pid " + std::to_string(::getpid())}));
  pause_for(Milliseconds{1500});
  EXPECT_EQ(server.times_logged("is held by a debugger"), 1U);
  ASSERT_EQ(::ptrace(PTRACE_DETACH, worker, nullptr, nullptr), 0);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.worker_pid(0), worker);
}

TEST(TheHealthCheck, CanBeTurnedOff) {
  ServerProcess server({"--workers", "1", "--timeout-worker-healthcheck", "off"});
  const pid_t worker = server.worker_pid(0);
  ::kill(worker, SIGSTOP);
  pause_for(Milliseconds{1500});
  ::kill(worker, SIGCONT);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.worker_pid(0), worker);
}

}  // namespace
}  // namespace prefork::test
