// SIGHUP: the configuration is read again and every process replaced, and no client notices.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "tests/support/load.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

std::set<pid_t> pids_of(const ServerProcess& server) {
  std::set<pid_t> pids;
  for (const auto& [slot, pid] : server.worker_pids()) {
    pids.insert(pid);
  }
  return pids;
}

bool has_reloaded(const ServerProcess& server, int generation, std::size_t workers) {
  return server.wait_for_statistics([&](const Json& report) {
    const Json& all = report["workers"];
    return report["server"]["state"] == "running" && all.size() == workers &&
           std::all_of(all.begin(), all.end(), [&](const Json& worker) {
             return worker["generation"] == generation && worker["state"] == "ready";
           });
  });
}

TEST(Reload, ReplacesEveryProcessUnderLoadWithoutAFailedRequest) {
  ServerProcess server({"--workers", "4"});
  const std::set<pid_t> before = pids_of(server);
  const Json observer_before = server.statistics()["server"]["observer_pid"];
  Load load(server.url());
  ASSERT_TRUE(load.wait_for_answers(100));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 2, 4)) << server.statistics();
  ASSERT_TRUE(load.wait_for_answers(100));
  const LoadReport told = load.stop();
  EXPECT_TRUE(told.failures.empty()) << told.first_failures();
  EXPECT_EQ(told.connections, 8U) << "connections are handed on, not closed";

  const Json report = server.statistics();
  EXPECT_EQ(report["server"]["generation"], 2);
  EXPECT_EQ(report["server"]["reloads"], 1);
  EXPECT_NE(report["server"]["observer_pid"], observer_before);
  EXPECT_EQ(title_of(report["server"]["observer_pid"].get<pid_t>()), "prefork-server: observer");
  EXPECT_GE(report["retired"]["connections"]["handed_on"], 1);
  EXPECT_EQ(report["totals"]["requests"], told.answered);
  for (const pid_t pid : pids_of(server)) {
    EXPECT_FALSE(before.contains(pid));
  }
}

TEST(Reload, FiveTimesInARowUnderLoadFailsNoRequest) {
  ServerProcess server({"--workers", "4"});
  Load load(server.url(), {.keep_alive_clients = 16, .new_connection_clients = 4});
  ASSERT_TRUE(load.wait_for_answers(100));
  for (int generation = 2; generation <= 6; ++generation) {
    server.send_signal(SIGHUP);
    ASSERT_TRUE(has_reloaded(server, generation, 4)) << server.statistics();
    ASSERT_TRUE(load.wait_for_answers(50));
  }
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.statistics()["totals"]["requests"], report.answered);
}

TEST(Reload, IdleConnectionsAreHandedOnAndServeAgain) {
  ServerProcess server(
      {"--workers", "2", "--timeout-keep-alive", "60s", "--timeout-header", "60s"});
  std::vector<Client> used;
  std::vector<Client> fresh;
  for (int i = 0; i < 10; ++i) {
    used.emplace_back(server.url());
    ASSERT_EQ(used.back().get("/plaintext").status, 200);
    fresh.emplace_back(server.url());
  }
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["connections"]["active"] == 20; }));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 2, 2));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(used[static_cast<std::size_t>(i)].get("/plaintext").status, 200);
    EXPECT_EQ(fresh[static_cast<std::size_t>(i)].get("/plaintext").status, 200);
  }
}

TEST(Reload, LetsARunningRequestFinishInItsOldWorker) {
  ServerProcess server({"--workers", "1"});
  Client sleeper(server.url());
  sleeper.send(get_request("/sleep?ms=1500"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& workers = report["workers"];
    return std::any_of(workers.begin(), workers.end(),
                       [](const Json& worker) { return worker["state"] == "draining"; }) &&
           std::any_of(workers.begin(), workers.end(), [](const Json& worker) {
             return worker["state"] == "ready" && worker["generation"] == 2;
           });
  })) << server.statistics();
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200) << "the successor serves meanwhile";
  const Reply reply = sleeper.receive();
  EXPECT_EQ(reply.body, "slept 1500 ms\n") << reply;
  EXPECT_EQ(sleeper.get("/plaintext").status, 200) << "and takes the connection over afterwards";
}

// Nobody waits for a replaced worker but its own clients.
TEST(Reload, CutsNoRequestThatTakesLongerThanAStopWouldLetIt) {
  ServerProcess server({"--workers", "1", "--timeout-graceful-shutdown", "10ms"});
  Client client(server.url());
  client.send("GET /sleep?ms=1000 HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  server.send_signal(SIGHUP);
  const Reply reply = client.receive();
  EXPECT_EQ(reply.body, "slept 1000 ms\n") << reply;
}

TEST(Reload, HandsOnARequestThatArrivedInPart) {
  ServerProcess server({"--workers", "1"});
  Client client(server.url());
  client.send("GET /plaintext HTTP/1.1\r\nHo");
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["bytes"]["in"] != 0; }));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2"}));
  client.send("st: test\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(has_reloaded(server, 2, 1));
}

class ReloadOfAFile : public testing::Test {
 protected:
  static constexpr const char* kBase = "bind = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n";

  void write(const std::string& more) { folder_.write("prefork.toml", kBase + more); }
  std::vector<std::string> arguments() { return {"--config", folder_ / "prefork.toml"}; }

  TemporaryFolder folder_;
};

TEST_F(ReloadOfAFile, AppliesTheNewNumberOfWorkers) {
  write("workers = 2\n");
  ServerProcess server(arguments());
  write("workers = 5\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_reloaded(server, 2, 5)) << server.statistics();
  write("workers = 1\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_reloaded(server, 3, 1)) << server.statistics();
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

TEST_F(ReloadOfAFile, WithMoreWorkersThanThereIsRoomForIsGivenUpAndTold) {
  write("workers = 2\n");
  ServerProcess server(arguments());
  const std::set<pid_t> before = pids_of(server);
  write("workers = 200\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"error", "200 are more than the 10 this master has room for"}));
  EXPECT_TRUE(server.has_logged({"the reload was given up"}));
  EXPECT_EQ(pids_of(server), before);
}

TEST_F(ReloadOfAFile, AppliesOtherOptionsToo) {
  write("workers = 1\nlimit_body = 10\n");
  ServerProcess server(arguments());
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\nhello world";
  Client before(server.url());
  before.send(request);
  EXPECT_EQ(before.receive().status, 413);
  write("workers = 1\nlimit_body = 11\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 2, 1));
  Client after(server.url());
  after.send(request);
  EXPECT_EQ(after.receive().status, 200);
}

TEST_F(ReloadOfAFile, KeepsTheWorkersAndSaysWhyWhenTheFileIsBroken) {
  write("workers = 2\n");
  ServerProcess server(arguments());
  const std::set<pid_t> before = pids_of(server);
  write("workers = 2\nwrokers = 3\nlimit_body = \"much\"\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged(
      {"error", folder_ / "prefork.toml", ":4: wrokers: unknown key; did you mean workers?"}));
  EXPECT_TRUE(server.has_logged({"error", ":5: limit_body: 'much' is not a size"}));
  EXPECT_TRUE(server.has_logged({"the reload was given up"}));
  EXPECT_EQ(pids_of(server), before);
  EXPECT_EQ(server.statistics()["server"]["generation"], 1);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);

  write("workers = 2\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_reloaded(server, 2, 2)) << "once mended it works; " << server.statistics();
}

TEST_F(ReloadOfAFile, KeepsTheWorkersWhenTheFileIsGone) {
  write("workers = 2\n");
  ServerProcess server(arguments());
  const std::set<pid_t> before = pids_of(server);
  std::remove((folder_ / "prefork.toml").c_str());
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"--config: cannot read"}));
  EXPECT_TRUE(server.has_logged({"the reload was given up"}));
  EXPECT_EQ(pids_of(server), before);
}

TEST_F(ReloadOfAFile, KeepsTheWorkersWhenANewOneCannotBoot) {
  write("workers = 2\n");
  ServerProcess server(arguments());
  const std::set<pid_t> before = pids_of(server);
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  write("workers = 2\naccess_log = \"" + (folder_ / "fifo") + "\"\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"reload to generation 2 was given up",
                                 "cannot open the access log", "the present workers stay"}));
  EXPECT_TRUE(server.wait_for_workers(2));
  EXPECT_EQ(pids_of(server), before);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.statistics()["server"]["generation"], 1);
}

TEST_F(ReloadOfAFile, BeginsAnAccessLogAndMovesIt) {
  write("workers = 1\n");
  ServerProcess server(arguments());
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  int generation = 1;
  for (const std::string name : {"one.log", "two.log"}) {
    write("workers = 1\naccess_log = \"" + (folder_ / name) + "\"\n");
    server.send_signal(SIGHUP);
    ASSERT_TRUE(has_reloaded(server, ++generation, 1));
    EXPECT_EQ(get(server.url(), "/json").status, 200);
    EXPECT_TRUE(wait_until([&] {
      return read_file(folder_ / name).find("\"GET /json HTTP/1.1\" 200") != std::string::npos;
    })) << read_file(folder_ / name);
    EXPECT_EQ(read_file(folder_ / name).find("/plaintext"), std::string::npos);
  }
}

TEST_F(ReloadOfAFile, ThatIsGivenUpLeavesTheLogWhereItWas) {
  const std::string before = folder_ / "before.log";
  write("workers = 1\nlog_file = \"" + before + "\"\n");
  ServerProcess server(arguments());
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  write("workers = 1\naccess_log = \"" + (folder_ / "fifo") + "\"\nlog_file = \"" +
        (folder_ / "other.log") + "\"\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(wait_until(
      [&] { return read_file(folder_ / "other.log").find("was given up") != std::string::npos; }));
  server.send_signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] {
    return read_file(before).find("log files opened anew") != std::string::npos;
  })) << read_file(before);
}

TEST_F(ReloadOfAFile, OpensAnAddedAddressAndClosesARemovedOne) {
  const std::string added = folder_ / "added.sock";
  const auto with_binds = [&](const std::string& binds) {
    folder_.write("prefork.toml", "workers = 2\nadmin = \"127.0.0.1:0\"\nbind = [" + binds + "]\n");
  };
  const std::string first = "\"unix:" + (folder_ / "first.sock") + "\"";
  with_binds(first);
  ServerProcess server(arguments());
  with_binds(first + ", \"unix:" + added + "\"");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 2, 2));
  EXPECT_EQ(get("unix:" + added, "/plaintext").status, 200);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.statistics()["server"]["listeners"],
            Json::array({"unix:" + (folder_ / "first.sock"), "unix:" + added}));
  with_binds("\"unix:" + added + "\"");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 3, 2));
  EXPECT_TRUE(wait_until([&] { return !exists(folder_ / "first.sock"); }))
      << "the removed address leaves no file";
  EXPECT_EQ(get("unix:" + added, "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(added));
}

TEST_F(ReloadOfAFile, AnAddedAddressThatIsTakenIsToldAndNothingChanges) {
  const ServerProcess other({"--uds", folder_ / "taken.sock", "--workers", "1"});
  const auto with_binds = [&](const std::string& binds) {
    folder_.write("prefork.toml", "workers = 2\nadmin = \"127.0.0.1:0\"\nbind = [" + binds + "]\n");
  };
  const std::string first = "\"unix:" + (folder_ / "first.sock") + "\"";
  const std::string second = "\"unix:" + (folder_ / "second.sock") + "\"";
  with_binds(first);
  ServerProcess server(arguments());
  with_binds(first + ", " + second + ", \"unix:" + (folder_ / "taken.sock") + "\"");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"error", "taken.sock", "the address is in use"}));
  EXPECT_TRUE(server.has_logged({"the reload was given up"}));
  EXPECT_FALSE(exists(folder_ / "second.sock")) << "nothing half-opened stays";
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(get(other.url(), "/plaintext").status, 200);
}

TEST_F(ReloadOfAFile, TwiceInARowWithAnAddedAddressEndsWithThatAddress) {
  const auto with_binds = [&](const std::string& binds) {
    folder_.write("prefork.toml", "workers = 4\nadmin = \"127.0.0.1:0\"\nbind = [" + binds + "]\n");
  };
  const std::string first = "\"unix:" + (folder_ / "first.sock") + "\"";
  with_binds(first);
  ServerProcess server(arguments());
  with_binds(first + ", \"unix:" + (folder_ / "added.sock") + "\"");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 began"}));
  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_reloaded(server, 3, 4)) << server.statistics()["server"];
  EXPECT_EQ(get("unix:" + (folder_ / "added.sock"), "/plaintext").status, 200);
  EXPECT_EQ(server.times_logged("given up"), 0U);
}

TEST(Reload, OfAMasterWithATcpPortOfItsOwnChoiceKeepsThatPort) {
  ServerProcess server({"--workers", "1"});
  server.send_signal(SIGHUP);
  ASSERT_TRUE(has_reloaded(server, 2, 1));
  EXPECT_EQ(server.statistics()["server"]["listeners"], Json::array({server.url()}));
  EXPECT_EQ(server.statistics()["server"]["admin"], server.admin_url());
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

}  // namespace
}  // namespace prefork::test
