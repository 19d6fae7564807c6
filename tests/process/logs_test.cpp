// Logs where something is wrong with whoever reads or keeps them, and requests that end early: no
// sink holds up a request or the supervision, and every request whose head was read has one line.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// A pipe by name that is held open and read only when asked to.
class NamedPipe {
 public:
  explicit NamedPipe(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    fd_ = ipc::OwnedFd(::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(fd_.valid());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  void fill() const {
    // Large pieces leave room in the last page, for lines.
    for (const std::size_t size : {std::size_t{4096}, std::size_t{1}}) {
      const std::string bytes(size, '.');
      while (::write(fd_.get(), bytes.data(), bytes.size()) > 0) {
      }
    }
  }
  [[nodiscard]] std::string read_all() const {
    std::string text(1 << 20, '\0');
    const ssize_t size = ::read(fd_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

 private:
  std::string path_;
  ipc::OwnedFd fd_;
};

std::ptrdiff_t count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

// Closes so that the peer gets a reset.
void reset(Client& client) {
  const linger at_once{1, 0};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const Client gone = std::move(client);
}

void limit_file_size(pid_t pid, rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  EXPECT_EQ(::prlimit(pid, RLIMIT_FSIZE, &limit, nullptr), 0);
}

TEST(Logs, NoRequestWaitsForAnAccessLogThatNobodyReads) {
  const TemporaryFolder folder;
  const NamedPipe pipe(folder / "pipe");
  Launch launch = launch_of({"--workers", "2", "--access-log", "-"});
  launch.stdout_path = pipe.path();
  ServerProcess server(launch);
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += get_request("/plaintext?" + std::string(900, 'x'));
  }
  Client client(server.url());
  for (int batch = 0; batch < 40; ++batch) {
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(client.receive().status, 200);
    }
  }
  const auto lost = [](const Json& report) -> int {
    return report["totals"]["logs"]["access_lines_lost"];
  };
  EXPECT_TRUE(server.wait_for_statistics([&](const Json& report) { return lost(report) > 0; }));
  // There is room again: the rest of the lines comes, and the log says how many there are not.
  std::string text;
  EXPECT_TRUE(wait_until([&] {
    text += pipe.read_all();
    return server.times_logged("lines of the access log were lost: ") != 0;
  }));
  EXPECT_TRUE(wait_until([&] {
    text += pipe.read_all();
    return count_lines(text) + lost(server.statistics()) == 4000;
  })) << count_lines(text);
  EXPECT_EQ(server.stop(), exit_code(0));
}

// What a worker has in hand for the log when it is killed is not lost with it.
class LinesOfTheDead : public testing::TestWithParam<const char*> {
 protected:
  // More than a pipe takes, so that the rest is on its way, and less than it takes twice.
  static constexpr int kLines = 3000;

  Launch launch(const char* start_method) const {
    Launch launch = launch_of({"--workers", "1", "--access-log", "-", "--start-method",
                               start_method, "--timeout-graceful-shutdown", "500ms",
                               "--access-log-format", "$uri $args $worker $generation"});
    launch.stdout_path = pipe_.path();
    return launch;
  }
  static std::string query(int number) { return "request-" + std::to_string(number); }
  static void ask(const ServerProcess& server) {
    std::string requests;
    for (int i = 0; i < kLines; ++i) {
      requests += get_request("/plaintext?" + query(i));
    }
    Client client(server.url());
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < kLines; ++i) {
      ASSERT_EQ(client.receive().status, 200);
    }
  }
  // Each in its order. A pipe does not tell what a worker that ended behind a write had written:
  // that comes twice, one piece at most.
  bool all_come() {
    const std::string last = "/plaintext " + query(kLines - 1) + " 0 1\n";
    EXPECT_TRUE(wait_until([&] {
      text_ += pipe_.read_all();
      return text_.ends_with(last);
    }));
    std::istringstream lines(text_);
    std::string line;
    std::set<std::string> come;
    int next = 0;
    int repeated = 0;
    while (std::getline(lines, line)) {
      const bool is_next = line == "/plaintext " + query(next) + " 0 1";
      if (!is_next && !come.contains(line)) {
        return false;
      }
      next += is_next ? 1 : 0;
      repeated += is_next ? 0 : 1;
      come.insert(line);
    }
    constexpr int kMostOfAPiece = PIPE_BUF / 24;  // no line is shorter
    return next == kLines && repeated <= kMostOfAPiece;
  }

  const TemporaryFolder folder_;
  const NamedPipe pipe_{folder_ / "pipe"};
  std::string text_;
};

TEST_P(LinesOfTheDead, AreWrittenWhileTheServerGoesOn) {
  ServerProcess server(launch(GetParam()));
  ask(server);
  const pid_t before = server.worker_pid(0);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  // Whoever writes them waits for room in the pipe, but not for ever.
  EXPECT_TRUE(server.wait_for_statistics([this, before](const Json& report) {
    text_ += pipe_.read_all();
    const Json& worker = report["workers"][0];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
  EXPECT_TRUE(all_come()) << text_.size() << " bytes";
  text_.clear();
  ask(server);
  EXPECT_TRUE(all_come()) << "and those of the next one";
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(LinesOfTheDead, AreWrittenByTheNextOneWhereThereIsNoObserver) {
  Launch alone = launch(GetParam());
  alone.arguments.insert(alone.arguments.end(), {"--admin", "off"});
  ServerProcess server(std::move(alone));
  ask(server);
  int killed = 0;
  for (const pid_t pid : processes_of_group(server.pid())) {
    if (title_of(pid) == "prefork-server: worker 0") {
      EXPECT_EQ(::kill(pid, SIGKILL), 0);
      ++killed;
    }
  }
  ASSERT_EQ(killed, 1);
  EXPECT_TRUE(all_come()) << text_.size() << " bytes";
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(LinesOfTheDead, AreWrittenByTheObserverAtTheEnd) {
  ServerProcess server(launch(GetParam()));
  ask(server);
  const pid_t worker = server.worker_pid(0);
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  ASSERT_TRUE(wait_until([worker] {
    return read_file("/proc/" + std::to_string(worker) + "/stat").find(") T ") != std::string::npos;
  }));
  text_ += pipe_.read_all();
  ASSERT_LT(count_lines(text_), kLines);
  // The worker is killed when its time is over.
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(all_come()) << text_.size() << " bytes";
}

TEST_P(LinesOfTheDead, AreCountedWhereNobodyReadsThem) {
  ServerProcess server(launch(GetParam()));
  ask(server);
  ASSERT_EQ(::kill(server.worker_pid(0), SIGSTOP), 0);
  EXPECT_EQ(server.stop(), exit_code(0));
  const std::string log = server.log();
  std::smatch lost;
  ASSERT_TRUE(
      std::regex_search(log, lost,
                        std::regex(R"(observer\[\d+\]: (\d+) lines of the access log were lost: )"
                                   R"(Resource temporarily unavailable)")))
      << log;
  EXPECT_EQ(count_lines(pipe_.read_all()) + std::stoi(lost[1]), kLines);
}

INSTANTIATE_TEST_SUITE_P(StartMethods, LinesOfTheDead,
                         testing::Values("fork", "spawn", "forkserver"),
                         [](const auto& method) { return std::string(method.param); });

// As service managers have them: a name of one cannot be opened then.
TEST(Logs, OfStandardDescriptorsThatAreSocketsAreWritten) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const ipc::OwnedFd reader(ends[0]);
  ipc::OwnedFd writer(ends[1]);
  Launch launch =
      launch_of({"--workers", "1", "--access-log", "/dev/stdout", "--log-file", "/proc/self/fd/2"});
  launch.descriptors = {{STDOUT_FILENO, writer.get()}, {STDERR_FILENO, writer.get()}};
  ServerProcess server(std::move(launch));
  writer.reset();
  server.send_signal(SIGUSR1);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  std::string said(1 << 16, '\0');
  said.resize(static_cast<std::size_t>(
      std::max<ssize_t>(::recv(reader.get(), said.data(), said.size(), MSG_WAITALL), 0)));
  EXPECT_NE(said.find("\"GET /plaintext HTTP/1.1\" 200"), std::string::npos) << said;
  EXPECT_NE(said.find("log files opened anew"), std::string::npos) << said;
  EXPECT_NE(said.find("stopped"), std::string::npos) << said;
}

TEST(Logs, SupervisionGoesOnWhileNobodyReadsTheLog) {
  const TemporaryFolder folder;
  const NamedPipe pipe(folder / "pipe");
  Launch launch = launch_of({"--workers", "2", "--log-level", "debug"});
  launch.stderr_path = pipe.path();
  ServerProcess server(launch);
  pipe.fill();
  const pid_t before = server.worker_pid(0);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(server.wait_for_statistics([before](const Json& report) {
    const Json& worker = report["workers"][0];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["logs"]["lines_lost"] > 0; }));
  std::string text = pipe.read_all();
  EXPECT_TRUE(wait_until([&] {
    text += pipe.read_all();
    return std::regex_search(text, std::regex(R"(master\[\d+\]: \d+ lines? of this log w)"));
  })) << text;
  pipe.fill();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Logs, AFileThatMayNotGrowLosesLinesAndNoRequest) {
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  const std::string log = folder / "server.log";
  ServerProcess server({"--workers", "2", "--access-log", access, "--log-file", log});
  const auto pids = server.worker_pids();
  for (const auto& [slot, pid] : pids) {
    limit_file_size(pid, 250);
  }
  limit_file_size(server.pid(), std::filesystem::file_size(log) + 10);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& logs = report["totals"]["logs"];
    return logs["access_lines_lost"] > 35 && logs["lines_lost"] > 0;
  }));
  EXPECT_EQ(server.worker_pids(), pids) << "nobody has died of it";
  for (const auto& [slot, pid] : pids) {
    limit_file_size(pid, RLIM_INFINITY);
  }
  ASSERT_EQ(get(server.url(), "/json").status, 200);
  EXPECT_TRUE(wait_until([&] {
    return std::regex_search(read_file(access), std::regex(R"(\n127\.0\.0\.1 [^\n]*/json )"));
  })) << "on a line of its own behind the one that was cut off\n"
      << read_file(access);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Logs, EveryRequestThatWasCutHasALineWithWhatWasSent) {
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  ServerProcess server({"--workers", "1", "--access-log", access, "--timeout-write", "200ms"});
  const auto has_line = [&access](const char* pattern) {
    return wait_until([&] { return std::regex_search(read_file(access), std::regex(pattern)); })
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << pattern << " is not in\n"
                                             << read_file(access);
  };
  {
    Client client(server.url());
    client.send(get_request("/sleep?ms=60000"));
    ASSERT_TRUE(server.wait_for_statistics(
        [](const Json& report) { return !report["workers"][0]["in_flight"].empty(); }));
    reset(client);
    EXPECT_TRUE(has_line(R"("GET /sleep\?ms=60000 HTTP/1.1" 499 0 "-" "-" \d+us w0 cut=client\n)"));
  }
  for (const char* size : {"77", "100077"}) {
    Client client(server.url());
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nUser-Agent: half\r\nContent-Length: " +
                std::string(size) + "\r\n\r\nhalf of it");
  }
  EXPECT_TRUE(wait_until([&] { return count_lines(read_file(access)) == 3; }));
  EXPECT_TRUE(has_line(R"("POST /echo HTTP/1.1" 499 0 "-" "half" \d+us w0 cut=client\n)"));
  {
    Client client(server.url());
    client.send(get_request("/stream?bytes=100000000"));
    ASSERT_TRUE(client.is_readable_within(kPatience));
    reset(client);
    EXPECT_TRUE(has_line(R"(bytes=100000000 HTTP/1.1" 200 \d{5,8} "-" "-" \d+us w0 cut=client\n)"));
  }
  Client slow(server.url());
  slow.send(get_request("/stream?bytes=100000001"));
  EXPECT_TRUE(has_line(R"(bytes=100000001 HTTP/1.1" 200 \d{5,8} "-" "-" \d+us w0 cut=timeout\n)"));
  EXPECT_EQ(count_lines(read_file(access)), 5) << read_file(access);
  server.send_signal(SIGQUIT);
}

TEST(Logs, EachIsOpenedAnewForItself) {
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  std::filesystem::create_directory(folder / "logs");
  ServerProcess server(
      {"--workers", "1", "--access-log", access, "--log-file", folder / "logs/server.log"});
  std::filesystem::rename(folder / "logs", folder / "moved");
  std::filesystem::rename(access, access + ".1");
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(access); }));
  EXPECT_TRUE(wait_until([&] {
    const std::string text = read_file(folder / "moved/server.log");
    return std::regex_search(text, std::regex(R"(error +master.*cannot open the log file .*)"
                                              R"(No such file or directory; the log goes on)"));
  }));
  EXPECT_EQ(read_file(folder / "moved/server.log").find("opened anew"), std::string::npos);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(Logs, AnUnknownVariableIsRefusedAtTheStart) {
  const FinishedRun run =
      run_to_the_end(launch_of({"--access-log-format", "$remote_addr $upstream_addr"}));
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_NE(run.err.find("--access-log-format: there is no variable $upstream_addr"),
            std::string::npos)
      << run.err;
}

TEST(Processes, TheMasterGoesByTheNameOfTheProgram) {
  const ServerProcess server({"--workers", "1"});
  EXPECT_EQ(read_file("/proc/" + std::to_string(server.pid()) + "/comm"), "prefork-server\n");
}

}  // namespace
}  // namespace prefork::test
