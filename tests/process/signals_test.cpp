// The remaining signals: one worker more or fewer, log files opened anew; and the lines in them.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <regex>
#include <sstream>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

TEST(Workers, OneMoreWithTtinAndOneFewerWithTtou) {
  ServerProcess server({"--workers", "2"});
  const auto before = server.worker_pids();
  server.send_signal(SIGTTIN);
  ASSERT_TRUE(server.wait_for_workers(3));
  EXPECT_TRUE(server.worker_pids().contains(2));
  server.send_signal(SIGTTIN);
  ASSERT_TRUE(server.wait_for_workers(4));
  for (int i = 0; i < 2; ++i) {
    server.send_signal(SIGTTOU);
    ASSERT_TRUE(server.wait_for_workers(static_cast<std::size_t>(3 - i)));
  }
  EXPECT_EQ(server.worker_pids(), before) << "the last slots come and go";
  EXPECT_TRUE(server.has_logged({"SIGTTIN: one worker more"}));
  EXPECT_TRUE(server.has_logged({"SIGTTOU: one worker fewer"}));
}

TEST(Workers, TheLastOneStays) {
  ServerProcess server({"--workers", "1"});
  server.send_signal(SIGTTOU);
  EXPECT_TRUE(server.has_logged({"the last worker stays"}));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

TEST(Workers, MoreThanThereIsRoomForAreRefusedAndTold) {
  ServerProcess server({"--workers", "1", "--threads", "1"});
  for (std::size_t workers = 2; workers <= 9; ++workers) {
    server.send_signal(SIGTTIN);
    ASSERT_TRUE(server.wait_for_workers(workers));
  }
  server.send_signal(SIGTTIN);
  EXPECT_TRUE(server.has_logged({"no room for another worker"}));
  EXPECT_TRUE(server.wait_for_workers(9));
}

TEST(Workers, ARemovedOneFinishesItsRequestFirst) {
  ServerProcess server({"--workers", "2"});
  std::vector<Client> sleepers;
  for (int i = 0; i < 2; ++i) {
    sleepers.emplace_back(server.url());
    sleepers.back().send(get_request("/sleep?ms=1000"));
  }
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 2; }));
  server.send_signal(SIGTTOU);
  for (Client& sleeper : sleepers) {
    EXPECT_EQ(sleeper.receive().status, 200);
    EXPECT_EQ(sleeper.get("/plaintext").status, 200) << "its connection was handed on";
  }
  EXPECT_TRUE(server.wait_for_workers(1));
}

TEST(Workers, TermToOneOfThemReplacesItWithoutAFailedRequest) {
  ServerProcess server({"--workers", "2"});
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  const pid_t before = server.worker_pid(1);
  ::kill(before, SIGTERM);
  EXPECT_TRUE(server.wait_for_statistics([before](const Json& report) {
    const Json& worker = report["workers"][1];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
  for (Client& client : clients) {
    EXPECT_EQ(client.get("/plaintext").status, 200);
  }
}

TEST(Workers, TermToTheOnlyOneStartsItsSuccessorFirst) {
  ServerProcess server({"--workers", "1"});
  const pid_t before = server.worker_pid(0);
  Client sleeper(server.url());
  sleeper.send(get_request("/sleep?ms=1000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  ::kill(before, SIGTERM);
  EXPECT_TRUE(server.has_logged({"was told to end by SIGTERM; a successor starts first"}));
  EXPECT_TRUE(server.wait_for_statistics([&](const Json& report) {
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    const Json& worker = report["workers"][0];
    return worker["state"] == "ready" && worker["pid"] != before;
  }));
  EXPECT_EQ(sleeper.receive().status, 200);
  EXPECT_TRUE(
      server.has_logged({"(pid " + std::to_string(before) + ") ended: exit code 0", "as asked"}));
  EXPECT_EQ(server.times_logged("next start in"), 0U) << "no penalty";
}

TEST(Workers, TermToTheObserverStartsAnotherOne) {
  ServerProcess server({"--workers", "1"});
  const pid_t before = server.statistics()["server"]["observer_pid"];
  ::kill(before, SIGTERM);
  EXPECT_TRUE(server.wait_for_statistics(
      [&](const Json& report) { return report["server"]["observer_pid"] != before; }));
  EXPECT_EQ(server.times_logged("warning"), 0U) << server.log();
}

class LogFiles : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string log_ = folder_ / "server.log";
  const std::string access_ = folder_ / "access.log";
  ServerProcess server_{{"--workers", "2", "--log-file", log_, "--access-log", access_}};
};

TEST_F(LogFiles, AreOpenedAnewAfterUsr1) {
  ASSERT_EQ(get(server_.url(), "/plaintext").status, 200);
  ASSERT_TRUE(
      wait_until([&] { return read_file(access_).find("/plaintext") != std::string::npos; }));
  ASSERT_EQ(std::rename(log_.c_str(), (log_ + ".1").c_str()), 0);
  ASSERT_EQ(std::rename(access_.c_str(), (access_ + ".1").c_str()), 0);
  server_.send_signal(SIGUSR1);
  ASSERT_TRUE(wait_until([&] { return exists(log_) && exists(access_); }));
  // Which worker answers cannot be chosen: until both have, the old file may still be written to.
  EXPECT_TRUE(wait_until([&] {
    get(server_.url(), "/json");
    const std::string text = read_file(access_);
    return text.find("us w0\n") != std::string::npos && text.find("us w1\n") != std::string::npos;
  }));
  EXPECT_EQ(read_file(access_).find("/plaintext"), std::string::npos);
  EXPECT_NE(read_file(access_ + ".1").find("/plaintext"), std::string::npos);
  EXPECT_TRUE(wait_until(
      [&] { return read_file(log_).find("SIGUSR1: log files opened anew") != std::string::npos; }));
  EXPECT_EQ(server_.stop(), exit_code(0));
  EXPECT_NE(read_file(log_).find("stopped"), std::string::npos);
}

TEST_F(LogFiles, OfTheAccessHaveALineForEachRequest) {
  Client client(server_.url());
  client.send(
      "GET /plaintext?a=%20b HTTP/1.1\r\nHost: test\r\nUser-Agent: mine \"1\"\r\n"
      "Referer: http://here/\r\n\r\n");
  ASSERT_EQ(client.receive().status, 200);
  client.send("HEAD /json HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_EQ(client.receive_without_body().status, 200);
  client.send(get_request("/nothing-here"));
  ASSERT_EQ(client.receive().status, 404);
  client.send("GET / HTTP/1.1\r\nnonsense\r\n\r\n");
  ASSERT_EQ(client.receive().status, 400);
  const std::vector<std::string> expected = {
      R"("GET /plaintext\?a=%20b HTTP/1\.1" 200 13 "http://here/" "mine \\x221\\x22" \d+us w[01])",
      R"("HEAD /json HTTP/1\.0" 200 0 "-" "-" \d+us w[01])",
      R"("GET /nothing-here HTTP/1\.1" 404 \d+ "-" "-" \d+us w[01])",
      R"("-" 400 \d+ "-" "-" \d+us w[01])",
  };
  EXPECT_TRUE(wait_until([&] {
    const std::string text = read_file(access_);
    return std::count(text.begin(), text.end(), '\n') == std::ptrdiff_t{4};
  })) << "another thread writes them";
  std::istringstream lines(read_file(access_));
  for (const std::string& what : expected) {
    std::string line;
    std::getline(lines, line);
    const std::string before =
        "127\\.0\\.0\\.1" +
        std::string(R"( - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] )");
    EXPECT_TRUE(std::regex_match(line, std::regex(before + what))) << line;
  }
}

TEST_F(LogFiles, OfTheServerHaveTimeLevelAndProcess) {
  std::istringstream lines(read_file(log_));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(std::regex_match(
        line, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 info +master\[)" +
                         std::to_string(server_.pid()) + R"(\]: .+)")))
        << line;
  }
  EXPECT_GE(count, 3U) << "start, address and readiness";
}

TEST(AccessLog, GoesToStandardOutputWhenAskedTo) {
  const TemporaryFolder folder;
  Launch launch;
  launch.arguments = {"--workers", "1", "--access-log", "-"};
  launch.stdout_path = folder / "stdout";
  const ServerProcess server(launch);
  ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_TRUE(wait_until([&] {
    return read_file(launch.stdout_path).find("\"GET /plaintext HTTP/1.1\" 200 13") !=
           std::string::npos;
  }));
}

TEST(AccessLog, LinesOfSeveralWorkersNeverMix) {
  const TemporaryFolder folder;
  const std::string path = folder / "access.log";
  const ServerProcess server({"--workers", "4", "--access-log", path});
  std::vector<Client> clients;
  std::string requests;
  for (int i = 0; i < 250; ++i) {
    requests += get_request("/plaintext");
  }
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server.url());
  }
  for (Client& client : clients) {
    client.send(requests);
  }
  for (Client& client : clients) {
    for (int i = 0; i < 250; ++i) {
      ASSERT_EQ(client.receive().status, 200);
    }
  }
  const auto all_are_written = [&path] {
    const std::string text = read_file(path);
    return std::count(text.begin(), text.end(), '\n') == std::ptrdiff_t{8 * 250};
  };
  EXPECT_TRUE(wait_until(all_are_written)) << "many lines are gathered for a moment";
  std::istringstream lines(read_file(path));
  int count = 0;
  const std::regex pattern(
      R"(\S+ - - \[[^\]]+\] "GET /plaintext HTTP/1\.1" 200 13 "-" "-" \d+us w[0-3])");
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_TRUE(std::regex_match(line, pattern)) << line;
  }
  EXPECT_EQ(count, 8 * 250);
}

}  // namespace
}  // namespace prefork::test
