// Several things at once: a reload during a reload, a stop during a reload, a death in between.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/load.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

bool is_settled(const ServerProcess& server, std::size_t workers) {
  return server.wait_for_statistics([&](const Json& report) {
    const Json& all = report["workers"];
    return report["server"]["state"] == "running" && all.size() == workers &&
           std::all_of(all.begin(), all.end(), [&](const Json& worker) {
             return worker["state"] == "ready" &&
                    worker["generation"] == report["server"]["generation"];
           });
  });
}

TEST(AReloadDuringAReload, EndsWithTheLatestGenerationAndFailsNoRequest) {
  ServerProcess server({"--workers", "4"});
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(50));
  for (int i = 0; i < 10; ++i) {
    server.send_signal(SIGHUP);
    pause_for(Milliseconds{i});
  }
  ASSERT_TRUE(is_settled(server, 4)) << server.statistics();
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.times_logged("given up"), 0U);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AStopDuringAReload, EndsEverythingWithTheRunningRequestAnswered) {
  for (int round = 0; round < 10; ++round) {
    ServerProcess server({"--workers", "4"});
    Client client(server.url());
    client.send(get_request("/sleep?ms=300"));
    ASSERT_TRUE(server.wait_for_statistics(
        [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
    server.send_signal(SIGHUP);
    pause_for(Milliseconds{round});
    server.send_signal(SIGTERM);
    const Reply reply = client.receive();
    ASSERT_EQ(reply.body, "slept 300 ms\n") << "round " << round << ": " << reply;
    ASSERT_EQ(server.wait_for_exit(), exit_code(0)) << "round " << round;
    ASSERT_TRUE(no_process_left(server.pid()));
  }
}

TEST(AStopDuringAReload, ThatAddedAnAddressLeavesNoSocketFile) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& binds) {
    folder.write("p.toml", "workers = 4\nadmin = \"127.0.0.1:0\"\nbind = [" + binds + "]\n");
  };
  const std::string first = "\"unix:" + (folder / "first.sock") + "\"";
  for (int round = 0; round < 5; ++round) {
    write(first);
    ServerProcess server({"--config", folder / "p.toml"});
    write(first + ", \"unix:" + (folder / "added.sock") + "\"");
    server.send_signal(SIGHUP);
    pause_for(Milliseconds{round * 2});
    EXPECT_EQ(server.stop(), exit_code(0));
    EXPECT_FALSE(exists(folder / "first.sock"));
    EXPECT_FALSE(exists(folder / "added.sock"));
  }
}

TEST(WorkersKilledDuringAReload, ChangeNothingAboutItsEnd) {
  ServerProcess server({"--workers", "4"});
  for (int round = 0; round < 5; ++round) {
    const auto pids = server.worker_pids();
    server.send_signal(SIGHUP);
    pause_for(Milliseconds{round});
    for (const auto& [slot, pid] : pids) {
      ::kill(pid, SIGKILL);
    }
    ASSERT_TRUE(is_settled(server, 4)) << server.statistics();
    ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(ManySignalsAtOnce, LeaveAServerThatServes) {
  ServerProcess server({"--workers", "3"});
  Load load(server.url(), {.keep_alive_clients = 4, .new_connection_clients = 2});
  for (int i = 0; i < 30; ++i) {
    server.send_signal(i % 3 == 0 ? SIGTTIN : i % 3 == 1 ? SIGTTOU : SIGHUP);
    if (i % 5 == 0) {
      server.send_signal(SIGUSR1);
    }
    pause_for(Milliseconds{i % 7});
  }
  ASSERT_TRUE(wait_until([&] {
    const Json report = server.statistics();
    return report["server"]["state"] == "running" &&
           std::all_of(report["workers"].begin(), report["workers"].end(),
                       [](const Json& worker) { return worker["state"] == "ready"; });
  }));
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.stop(), exit_code(0));
}

}  // namespace
}  // namespace prefork::test
