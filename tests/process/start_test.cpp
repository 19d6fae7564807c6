// How the server comes up, and how it says that it cannot.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::string port_of(const std::string& url) { return url.substr(url.rfind(':') + 1); }

// Listens on a free port of the loopback address.
class TakenPort {
 public:
  explicit TakenPort(std::uint16_t port = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_mine_ = ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
               ::listen(socket_.get(), 1) == 0;
    socklen_t size = sizeof address;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number_ = std::to_string(ntohs(address.sin_port));
  }
  // False: somebody else has it.
  [[nodiscard]] bool is_mine() const { return is_mine_; }
  [[nodiscard]] const std::string& number() const { return number_; }

 private:
  ipc::OwnedFd socket_;
  bool is_mine_ = false;
  std::string number_;
};

TEST(Readiness, IsToldWithTheAddressesInOneWriteAndThenTheEnd) {
  const TemporaryFolder folder;
  const ServerProcess server(
      {"--workers", "2", "--bind", "127.0.0.1:0", "--bind", "unix:" + (folder / "a.sock")});
  EXPECT_EQ(server.notification(), "listening " + server.urls()[0] +
                                       "\nlistening unix:" + (folder / "a.sock") + "\nadmin " +
                                       server.admin_url() + "\nready\n");
  EXPECT_EQ(server.worker_pids().size(), 2U) << "all workers are ready by then";
}

TEST(Readiness, WithoutAdminHasNoLineForIt) {
  const ServerProcess server({"--workers", "1", "--admin", "off"});
  EXPECT_EQ(server.notification(), "listening " + server.url() + "\nready\n");
}

TEST(Readiness, IsLoggedWithAddresses) {
  const ServerProcess server({"--workers", "2"});
  EXPECT_TRUE(server.has_logged({"starts with 2 workers"}));
  EXPECT_TRUE(server.has_logged({"listening on " + server.url()}));
  EXPECT_TRUE(server.has_logged({"statistics on " + server.admin_url() + "/stats"}));
  EXPECT_TRUE(server.has_logged({"ready: 2 workers in "}));
}

TEST(Readiness, NobodyListeningToTheNotificationIsNoReasonToFail) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Launch launch =
      launch_of({"--port", "0", "--admin", "off", "--workers", "1", "--notify-fd", "5"});
  launch.descriptors[5] = ends[1];
  ::close(ends[0]);
  const TemporaryFolder folder;
  launch.stderr_path = folder / "stderr";
  ChildProcess child(launch);
  ::close(ends[1]);
  ASSERT_TRUE(wait_until(
      [&] { return read_file(launch.stderr_path).find("nobody was told") != std::string::npos; }));
  ::kill(child.pid(), SIGTERM);
  EXPECT_EQ(child.wait(kPatience), exit_code(0));
}

TEST(Start, WorkersAreReadyWithinThirtyMilliseconds) {
  const ServerProcess server({"--workers", "4"});
  const Json statistics = server.statistics();
  for (const Json& worker : statistics["workers"]) {
    // The promise is 30 ms; a machine that runs other tests gets more.
    EXPECT_LT(worker["boot_ms"].get<double>(), 30 * 10 * kSlowness);
  }
}

TEST(Start, DefaultWorkersComeFromTheEnvironment) {
  Launch launch;
  launch.environment["WEB_CONCURRENCY"] = "3";
  const ServerProcess server(launch);
  EXPECT_EQ(server.worker_pids().size(), 3U);
}

TEST(Start, OptionsComeFromEnvironmentFileAndCommandLineInThatOrderOfStrength) {
  const TemporaryFolder folder;
  Launch launch;
  folder.write("p.toml",
               "workers = 1\nthreads = 2\nport = 0\nadmin = \"127.0.0.1:0\"\nlimit_body = 10\n");
  launch.arguments = {"--config", folder / "p.toml", "--workers", "3"};
  launch.environment["PREFORK_WORKERS"] = "2";
  launch.environment["PREFORK_THREADS"] = "5";
  const ServerProcess server(launch);
  const Json report = server.statistics();
  EXPECT_EQ(report["workers"].size(), 3U) << "command line over environment";
  EXPECT_EQ(report["workers"][0]["pool"]["threads"], 5) << "environment over file";
  Client client(server.url());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(client.receive().status, 413) << "file over default";
}

// Otherwise a log line could be written into a socket or into the statistics.
TEST(Start, WithoutStandardDescriptorsGivesTheirNumbersToNothingElse) {
  Launch launch = launch_of({"--workers", "1"});
  launch.without_standard_descriptors = true;
  const ServerProcess server(launch);
  for (const pid_t pid : processes_of_group(server.pid())) {
    for (const char* number : {"0", "1", "2"}) {
      const std::string link = "/proc/" + std::to_string(pid) + "/fd/" + number;
      std::error_code missing;
      const std::string target = std::filesystem::read_symlink(link, missing);
      EXPECT_TRUE(missing || target == "/dev/null")
          << title_of(pid) << ": " << number << " is " << target;
    }
  }
}

TEST(Start, TermAtAnyMomentOfItLeavesNoSocketFileAndNoProcess) {
  const TemporaryFolder folder;
  const std::string path = folder / "shop.sock";
  for (int i = 0; i < 200; ++i) {
    ChildProcess child(launch_of({"--workers", "2", "--uds", path, "--admin", "off"}));
    // Finer than a timer can: most of the start is over after a few milliseconds.
    const auto moment = TestClock::now() + std::chrono::microseconds{i * 40};
    while (TestClock::now() < moment) {
    }
    ::kill(child.pid(), SIGTERM);
    const auto exit = child.wait(kPatience);
    ASSERT_TRUE(exit == exit_code(0) || exit == killed_by(SIGTERM)) << "round " << i;
    ASSERT_FALSE(exists(path)) << "round " << i << ", " << exit.value();
    ASSERT_TRUE(no_process_left(child.pid()));
  }
}

TEST(AddressInUse, OfATcpPortEndsWith5AndOneLine) {
  const TakenPort taken;
  const FinishedRun run = run_to_the_end(launch_of({"--port", taken.number(), "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(5));
  EXPECT_EQ(run.err, "prefork-server: cannot listen on 127.0.0.1:" + taken.number() +
                         ": the address is in use; stop the other server or choose another "
                         "--port\n");
  EXPECT_TRUE(no_process_left(run.group));
}

TEST(AddressInUse, OfTheSecondAddressLeavesNothingOfTheFirst) {
  const TemporaryFolder folder;
  const TakenPort taken;
  const FinishedRun run =
      run_to_the_end(launch_of({"--bind", "unix:" + (folder / "first.sock"), "--bind",
                                "127.0.0.1:" + taken.number(), "--admin", "off"}));
  EXPECT_EQ(run.exit, exit_code(5));
  EXPECT_FALSE(exists(folder / "first.sock"));
  EXPECT_TRUE(no_process_left(run.group));
}

TEST(AddressInUse, OfAnAdminAddressThatWasAskedForEndsWith5) {
  const TemporaryFolder folder;
  const TakenPort taken;
  const FinishedRun run = run_to_the_end(
      launch_of({"--uds", folder / "first.sock", "--admin", "127.0.0.1:" + taken.number()}));
  EXPECT_EQ(run.exit, exit_code(5));
  EXPECT_NE(run.err.find("127.0.0.1:" + taken.number() + ": the address is in use"),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("--admin"), std::string::npos)
      << "the way to mend it is another --admin; it said: " << run.err;
  EXPECT_FALSE(exists(folder / "first.sock"));
}

TEST(AddressInUse, OfTheDefaultAdminPortTakesAFreeOneAndSaysSo) {
  std::optional<TakenPort> taken(8001);  // or somebody else has it: the same to the server
  Launch launch = launch_of({"--workers", "1"});
  launch.has_default_admin = true;
  ServerProcess server(std::move(launch));
  EXPECT_NE(port_of(server.admin_url()), "8001");
  EXPECT_EQ(get(server.admin_url(), "/readyz").status, 200);
  EXPECT_TRUE(server.has_logged({"warning", "the default admin address 127.0.0.1:8001 is in use",
                                 "choose one with --admin"}));
  for (int generation = 2; generation <= 3; ++generation) {
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.wait_for_statistics([generation](const Json& report) {
      return report["server"]["generation"] == generation;
    })) << "a reload does not lose the port that was found";
    EXPECT_TRUE(
        server.has_logged({"reload to generation " + std::to_string(generation) + " is done"}));
    EXPECT_EQ(get(server.admin_url(), "/readyz").status, 200);
    taken.reset();  // nor when the default one is free by then
  }
}

TEST(AWorkerThatCannotBoot, EndsTheServerQuicklyWithTheReasonOnOneLine) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string socket = folder / "shop.sock";
  const FinishedRun run = run_to_the_end(
      launch_of({"--workers", "4", "--uds", socket, "--admin", "off", "--access-log", fifo}));
  EXPECT_EQ(run.exit, exit_code(3)) << run.err;
  EXPECT_LT(run.took, kASecond * 2);
  const std::string reason = "cannot open the access log " + fifo + ": No such device or address";
  const std::size_t given_up = run.err.find("giving up: ");
  ASSERT_NE(given_up, std::string::npos) << run.err;
  const std::string last_line = run.err.substr(given_up);
  EXPECT_NE(last_line.find(reason), std::string::npos) << run.err;
  EXPECT_EQ(std::count(last_line.begin(), last_line.end(), '\n'), 1) << run.err;
  EXPECT_EQ(run.err.find(reason), given_up + last_line.find(reason)) << "told once: " << run.err;
  EXPECT_NE(last_line.find("(and 3 more workers)"), std::string::npos) << run.err;
  EXPECT_FALSE(exists(socket));
  EXPECT_TRUE(no_process_left(run.group));
}

TEST(TooFewDescriptors, ForAStartAreToldWithTheirLimit) {
  if (is_sanitized()) {
    GTEST_SKIP() << "a sanitizer needs descriptors itself to look at an object";
  }
  for (const unsigned limit : {5U, 7U, 10U, 20U}) {
    Launch launch = launch_of({"--workers", "4", "--port", "0", "--admin", "127.0.0.1:0"});
    launch.limit_open_files = limit;
    const FinishedRun run = run_to_the_end(std::move(launch));
    ASSERT_TRUE(run.exit) << limit;
    EXPECT_GT(run.exit->code, 0) << limit;
    EXPECT_NE(run.err.find("Too many open files (ulimit -n " + std::to_string(limit) + ";"),
              std::string::npos)
        << run.err;
  }
}

TEST(AWorkerThatCannotBoot, ForNoProcessCanBeMadeIsToldWithTheLimits) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can start a program as somebody else";
  }
  constexpr uid_t kNobodyElse = 64'321;
  for (const bool preload : {false, true}) {
    Launch launch = launch_of({"--workers", "4", "--port", "0", "--admin", "off"});
    if (preload) {
      launch.arguments.insert(launch.arguments.begin(), {test_app("hello"), "--preload"});
    }
    launch.user = kNobodyElse;
    launch.limit_processes = 1;
    // A sanitizer looks for leaks in a process of its own, which there may not be.
    launch.environment["ASAN_OPTIONS"] = "detect_leaks=0";
    const FinishedRun run = run_to_the_end(std::move(launch));
    EXPECT_EQ(run.exit, exit_code(3)) << run.err;
    const std::string reason =
        "could not boot: no process could be made for it: Resource temporarily unavailable "
        "(ulimit -u 1";
    const std::size_t told = run.err.find(reason);
    ASSERT_NE(told, std::string::npos) << run.err;
    EXPECT_NE(run.err.find("its threads-max is "), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("giving up: worker "), std::string::npos) << run.err;
  }
}

TEST(AWorkerThatCannotBoot, IsToldOnStandardErrorEvenWithALogFile) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const FinishedRun run =
      run_to_the_end(launch_of({"--workers", "2", "--port", "0", "--admin", "off", "--access-log",
                                fifo, "--log-file", folder / "server.log"}));
  EXPECT_EQ(run.exit, exit_code(3)) << run.err;
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_TRUE(run.err.starts_with("prefork-server: giving up: worker ")) << run.err;
  EXPECT_NE(run.err.find("cannot open the access log"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace prefork::test
