// What Prometheus gets: that its numbers are those of what happened, that no counter goes back, and
// that clients cannot make series.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include "ipc/base/owned_fd.h"
#include "tests/support/child_process.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tested_build.h"
#include "tests/support/waiting.h"

namespace prefork::test {
namespace {

using Series = std::map<std::string, double>;

Series series_of(const std::string& text) {
  std::istringstream in(text);
  Series series;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.front() != '#') {
      const std::size_t at = line.rfind(' ');
      series[line.substr(0, at)] = std::stod(line.substr(at + 1));
    }
  }
  return series;
}

Series scrape(const ServerProcess& server) {
  return series_of(get(server.admin_url(), "/metrics").body);
}

bool is_counter(const std::string& name) {
  const std::string family = name.substr(0, name.find('{'));
  return family.ends_with("_total") || family.ends_with("_count") || family.ends_with("_sum") ||
         family.ends_with("_bucket");
}

double served(const ServerProcess& server, const std::string& labels) {
  const Series series = scrape(server);
  const auto found = series.find("prefork_http_requests_total{" + labels + "}");
  return found == series.end() ? 0 : found->second;
}

TEST(Metrics, CountRequestsByRouteMethodAndStatus) {
  const ServerProcess server({"--workers", "2"});
  for (int i = 0; i < 5; ++i) {
    get(server.url(), "/plaintext");
  }
  get(server.url(), "/sleep?ms=1");
  get(server.url(), "/nothing/here");
  EXPECT_TRUE(wait_until(
      [&] { return served(server, R"(method="GET",code="200",route="/plaintext")") == 5; }));
  EXPECT_EQ(served(server, R"(method="GET",code="200",route="/sleep")"), 1);
  EXPECT_EQ(served(server, R"(method="GET",code="404",route="unmatched")"), 1);
  const Series series = scrape(server);
  EXPECT_EQ(series.at(R"(prefork_http_request_duration_seconds_count{route="/plaintext"})"), 5);
  EXPECT_EQ(series.at("prefork_http_request_queue_seconds_count"), 1);
  EXPECT_EQ(series.at(R"(prefork_workers{state="ready"})"), 2);
  EXPECT_EQ(series.at("prefork_accept_queue_length"), 0);
  EXPECT_GT(series.at("prefork_accept_queue_limit"), 0);
}

TEST(Metrics, AFoldersFilesAreOneRoute) {
  const TemporaryFolder folder;
  folder.write("a.txt", "a");
  const ServerProcess server({folder.path(), "--workers", "1"});
  get(server.url(), "/a.txt");
  get(server.url(), "/b.txt");
  EXPECT_TRUE(
      wait_until([&] { return served(server, R"(method="GET",code="404",route="files")") == 1; }));
  EXPECT_EQ(served(server, R"(method="GET",code="200",route="files")"), 1);
}

TEST(Metrics, PathsAndMethodsOfClientsMakeNoSeries) {
  const ServerProcess server({"--workers", "1"});
  const auto ask = [&](int number) {
    Client client(server.url());
    client.send("PROPFIND /x" + std::to_string(number) + " HTTP/1.1\r\nHost: h" +
                std::to_string(number) + "\r\nConnection: close\r\n\r\n");
    client.receive();
  };
  ask(0);
  const std::string kind = R"(method="_OTHER",code="404",route="unmatched")";
  ASSERT_TRUE(wait_until([&] { return served(server, kind) == 1; }));
  const std::size_t before = scrape(server).size();
  for (int i = 1; i <= 200; ++i) {
    ask(i);
  }
  ASSERT_TRUE(wait_until([&] { return served(server, kind) == 201; }));
  EXPECT_EQ(scrape(server).size(), before);
}

TEST(Metrics, NoCounterGoesBackWhenWorkersDieOrAreReplaced) {
  const ServerProcess server({"--workers", "2"});
  Series last;
  const auto expect_growth = [&](const char* after) {
    Series now = scrape(server);
    for (const auto& [name, value] : last) {
      if (is_counter(name)) {
        ASSERT_TRUE(now.contains(name)) << name << " is gone after " << after;
        EXPECT_GE(now.at(name), value) << name << " after " << after;
      }
    }
    last = std::move(now);
  };
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) {
      get(server.url(), "/plaintext");
    }
    expect_growth("requests");
    const std::map<int, int> workers = server.worker_pids();
    ::kill(workers.begin()->second, SIGKILL);
    EXPECT_TRUE(wait_until([&] {
      expect_growth("a kill");
      const std::map<int, int> now = server.worker_pids();
      return now.size() == 2 && now != workers;
    }));
    server.send_signal(SIGHUP);
    EXPECT_TRUE(wait_until([&] {
      expect_growth("a reload");
      return last.at("prefork_generation") == round + 2;
    }));
  }
  EXPECT_EQ(last.at(R"(prefork_worker_exits_total{how="SIGKILL"})"), 5);
}

// A stopped process stands for an event loop that is busy.
TEST(Metrics, TellHowLongARequestLayInTheKernel) {
  const TemporaryFolder folder;
  const ServerProcess server({"--workers", "1", "--server-timing", "--access-log",
                              folder / "access.log", "--access-log-format",
                              "$uri $receive_delay_ms"});
  const pid_t worker = server.worker_pids().begin()->second;
  Client client(server.url());
  EXPECT_EQ(client.get("/plaintext").status, 200);
  ::kill(worker, SIGSTOP);
  client.send(get_request("/json"));
  EXPECT_FALSE(client.is_readable_within(Milliseconds{150}));
  ::kill(worker, SIGCONT);
  const Reply late = client.receive();
  EXPECT_EQ(late.status, 200);
  const std::string timing = late.header("server-timing").value_or("none");
  ASSERT_TRUE(timing.starts_with("recv;dur=")) << timing;
  EXPECT_GE(std::stoi(timing.substr(timing.find('=') + 1)), 100) << timing;
  const auto delay_of = [&](const std::string& path) {
    const std::string lines = read_file(folder / "access.log");
    const std::size_t at = lines.find(path + " ");
    return at == std::string::npos ? -1 : std::stoi(lines.substr(at + path.size() + 1));
  };
  ASSERT_TRUE(wait_until([&] { return delay_of("/json") >= 0; }));
  EXPECT_GE(delay_of("/json"), 100);
  EXPECT_LT(delay_of("/plaintext"), delay_of("/json"));
  EXPECT_GE(scrape(server).at("prefork_http_request_receive_delay_seconds_sum"), 0.1);
}

TEST(Metrics, HaveWhatTheApplicationCounts) {
  const ServerProcess server({test_app("shared"), "--workers", "2"});
  const auto order = [&](double times) {
    Client client(server.url());
    for (int i = 0; i < times; ++i) {
      client.send("POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n");
      EXPECT_EQ(client.receive().status, 200);
    }
  };
  order(3);
  ::kill(server.worker_pids().begin()->second, SIGKILL);
  ASSERT_TRUE(server.wait_for_workers(2));
  order(2);
  const Series series = scrape(server);
  EXPECT_EQ(series.at("app_orders_total"), 10);
  EXPECT_EQ(series.at(R"(app_order_size_bucket{le="1"})"), 0);
  EXPECT_EQ(series.at(R"(app_order_size_bucket{le="10"})"), 5);
  EXPECT_EQ(series.at(R"(app_order_size_bucket{le="+Inf"})"), 5);
  EXPECT_EQ(series.at("app_order_size_sum"), 12.5);
  EXPECT_EQ(series.at("app_order_size_count"), 5);
}

TEST(Metrics, PassPrometheusOwnCheck) {
  Launch launch;
  launch.program = "/usr/bin/promtool";
  if (!exists(launch.program)) {
    GTEST_SKIP() << "promtool is not installed";
  }
  const ServerProcess server({"--workers", "2"});
  get(server.url(), "/plaintext");
  const TemporaryFolder folder;
  const ipc::OwnedFd metrics(
      ::open(folder.write("metrics", get(server.admin_url(), "/metrics").body).c_str(),
             O_RDONLY | O_CLOEXEC));
  launch.arguments = {"check", "metrics"};
  launch.descriptors = {{STDIN_FILENO, metrics.get()}};
  const FinishedRun checked = run_to_the_end(launch);
  EXPECT_EQ(checked.out + checked.err, "");
  EXPECT_EQ(checked.exit, exit_code(0));
}

TEST(Metrics, AreOpenMetricsForWhoAsks) {
  const ServerProcess server({"--workers", "1"});
  Client client(server.admin_url());
  client.send(
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
      "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(reply.body.ends_with("\n# EOF\n"));
  EXPECT_EQ(get(server.admin_url(), "/metrics").header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace prefork::test
