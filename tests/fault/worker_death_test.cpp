// A worker dies: one slot is empty for a moment, and that is all.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <random>

#include "tests/support/load.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// Which worker has a client's connection: the page says who answered. The first answer is that of
// the worker that accepted it; after it the connection goes where it belongs.
int slot_of(Client& client) {
  client.get("/plaintext");
  const std::string page = client.get("/").body;
  const std::size_t at = page.find("<b>worker ");
  return at == std::string::npos ? -1 : std::stoi(page.substr(at + 10));
}

// Every number of the totals that only ever grows.
void collect_growing(const Json& json, const std::string& path,
                     std::map<std::string, double>& into) {
  for (const auto& [name, value] : json.items()) {
    const bool is_gauge = name == "active" || name == "idle" || name == "threads" ||
                          name == "busy" || name == "queued" || name == "in_progress" ||
                          name.starts_with("p5") || name.starts_with("p9");
    if (value.is_structured()) {
      collect_growing(value, path + "/" + name, into);
    } else if (value.is_number() && !is_gauge) {
      into[path + "/" + name] = value.get<double>();
    }
  }
}

class TotalsWatch {
 public:
  explicit TotalsWatch(const ServerProcess& server) : server_(server) {}

  // Takes a sample; complains when a total is lower than in the last one.
  void look() {
    const auto report = server_.statistics_if_any();
    if (!report) {
      return;
    }
    std::map<std::string, double> now;
    collect_growing((*report)["totals"], "", now);
    for (const auto& [name, value] : now) {
      EXPECT_GE(value, last_[name]) << name << " went back";
    }
    last_ = now;
    ++samples_;
  }
  [[nodiscard]] int samples() const { return samples_; }

 private:
  const ServerProcess& server_;
  std::map<std::string, double> last_;
  int samples_ = 0;
};

TEST(AKilledWorker, IsReplacedInItsSlotWithinASecond) {
  const ServerProcess server({"--workers", "4"});
  const auto before = server.worker_pids();
  ::kill(before.at(2), SIGKILL);
  EXPECT_TRUE(server.wait_for_replacement(2, before.at(2), kASecond));
  const auto after = server.worker_pids();
  ASSERT_EQ(after.size(), 4U);
  for (const int slot : {0, 1, 3}) {
    EXPECT_EQ(after.at(slot), before.at(slot));
  }
  const Json worker = server.statistics()["workers"][2];
  EXPECT_EQ(worker["restarts"], 1);
  EXPECT_EQ(worker["last_exit"]["reason"], "signal SIGKILL");
  EXPECT_EQ(worker["last_exit"]["pid"], before.at(2));
  EXPECT_EQ(worker["last_exit"]["asked_for"], false);
}

TEST(AKilledWorker, BreaksOnlyItsOwnConnections) {
  const ServerProcess server({"--workers", "4", "--timeout-keep-alive", "60s"});
  std::vector<std::pair<int, Client>> clients;
  for (int i = 0; i < 40; ++i) {
    Client client(server.url());
    const int slot = slot_of(client);
    clients.emplace_back(slot, std::move(client));
  }
  const pid_t victim = server.worker_pid(1);
  ::kill(victim, SIGKILL);
  ASSERT_TRUE(server.wait_for_replacement(1, victim, kASecond));
  int broken = 0;
  for (auto& [slot, client] : clients) {
    const Reply reply = client.get("/plaintext");
    EXPECT_EQ(reply.status == 200, slot != 1) << "slot " << slot << ": " << reply;
    broken += reply.status == 200 ? 0 : 1;
  }
  EXPECT_EQ(broken, 10) << "a quarter of them";
}

TEST(AKilledWorker, UnderLoadLetsNoTotalGoBackAndFailsOnlyItsOwnRequests) {
  const ServerProcess server({"--workers", "4"});
  Load load(server.url(), {.keep_alive_clients = 16, .new_connection_clients = 2});
  ASSERT_TRUE(load.wait_for_answers(200));
  TotalsWatch watch(server);
  watch.look();
  const pid_t victim = server.worker_pid(0);
  ::kill(victim, SIGKILL);
  const auto killed_at = TestClock::now();
  EXPECT_TRUE(wait_until(
      [&] {
        watch.look();
        return server.wait_for_replacement(0, victim, Milliseconds{0});
      },
      kASecond));
  EXPECT_LT(elapsed_since(killed_at), kASecond);
  const std::uint64_t goal = load.answered() + 300;
  EXPECT_TRUE(wait_until([&] {
    watch.look();
    return load.answered() >= goal && watch.samples() > 5;
  }));
  const LoadReport report = load.stop();
  EXPECT_LE(report.failures.size(), 8U) << report.first_failures();
  EXPECT_GE(server.statistics()["totals"]["requests"].get<std::uint64_t>(), report.answered);
}

TEST(AKilledWorker, IsToldWithSignalAgeAndRequests) {
  const ServerProcess server({"--workers", "1"});
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  }
  const pid_t victim = server.worker_pid(0);
  ::kill(victim, SIGKILL);
  EXPECT_TRUE(
      server.has_logged({"worker 0 (pid " + std::to_string(victim) + ") ended: signal 9 (SIGKILL)",
                         "no core dump", "age ", "7 requests served"}));
  EXPECT_TRUE(server.has_logged({"worker 0", "next start in 0.1 s"}));
}

TEST(AKilledWorker, LeavesNoConnectionBehindThatCountsAsOpen) {
  const ServerProcess server({"--workers", "1"});
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(server.url());
    ASSERT_EQ(clients.back().get("/plaintext").status, 200);
  }
  const pid_t victim = server.worker_pid(0);
  ::kill(victim, SIGKILL);
  ASSERT_TRUE(server.wait_for_replacement(0, victim, kASecond));
  const Json connections = server.statistics()["totals"]["connections"];
  EXPECT_EQ(connections["accepted"], 5);
  EXPECT_EQ(connections["closed"], 5);
  EXPECT_EQ(connections["active"], 0);
}

// What a worker has used is in the totals at each moment of its end.
TEST(AKilledWorker, TakesNoTimeOfTheProcessorWithIt) {
  const ServerProcess server({"--workers", "2"});
  Load load(server.url(), {.keep_alive_clients = 4, .new_connection_clients = 0});
  ASSERT_TRUE(load.wait_for_answers(200));
  TotalsWatch watch(server);
  for (int round = 0; round < 4; ++round) {
    const pid_t victim = server.worker_pids().at(0);
    ::kill(victim, SIGKILL);
    ASSERT_TRUE(server.wait_for_statistics(
        [&](const Json& report) {
          watch.look();
          const Json& worker = report["workers"][0];
          return worker["state"] == "ready" && worker["pid"] != victim;
        },
        20 * kASecond));
  }
}

TEST(AKilledWorker, HasItsRequestsInFlightNamed) {
  const ServerProcess server({"--workers", "1"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=5000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return !report["workers"][0]["in_flight"].empty(); }));
  ::kill(server.worker_pid(0), SIGKILL);
  EXPECT_TRUE(server.has_logged(
      {"worker 0 was working on GET /sleep from " + client.own_address(), "on pool thread"}));
  EXPECT_EQ(client.receive().status, 0);
}

TEST(ACrash, NamesTheRequestThatCausedIt) {
  const ServerProcess server({"--workers", "2", "--demo-crash"});
  Client client(server.url());
  ASSERT_EQ(client.get("/plaintext").status, 200);
  EXPECT_EQ(client.get("/crash").status, 0);
  EXPECT_TRUE(server.has_logged({"ended: signal 11 (SIGSEGV)", "1 requests served"}));
  EXPECT_TRUE(server.has_logged(
      {"was working on GET /crash from " + client.own_address(), "on its event loop"}));
  EXPECT_TRUE(server.wait_for_workers(2));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

TEST(ACrash, ThatComesAgainAndAgainBacksOff) {
  const ServerProcess server({"--workers", "1", "--demo-crash", "--limit-route-deaths", "0"});
  const auto start = TestClock::now();
  for (const char* delay : {"0.1 s", "0.2 s", "0.4 s", "0.8 s"}) {
    ASSERT_TRUE(wait_until([&] { return get(server.url(), "/plaintext").status == 200; }));
    get(server.url(), "/crash");
    EXPECT_TRUE(server.has_logged({"worker 0", std::string("next start in ") + delay}));
  }
  ASSERT_TRUE(wait_until([&] { return get(server.url(), "/plaintext").status == 200; }));
  EXPECT_GE(elapsed_since(start), Milliseconds{1500});
  EXPECT_EQ(server.statistics()["workers"][0]["restarts"], 4);
}

TEST(ACrash, OfOneWorkerIsNotNoticedByWhoTalksToAnother) {
  const ServerProcess server({"--workers", "2", "--demo-crash"});
  Client first(server.url());
  Client second(server.url());
  ASSERT_NE(slot_of(first), slot_of(second));
  first.get("/crash");
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(second.get("/plaintext").status, 200);
    ASSERT_EQ(get(server.url(), "/plaintext", kASecond).status, 200);
  }
}

TEST(AKilledWorker, WhileItDrainsHoldsUpNothing) {
  ServerProcess server({"--workers", "2"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=8000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  server.send_signal(SIGHUP);
  pid_t draining = 0;
  ASSERT_TRUE(server.wait_for_statistics([&](const Json& report) {
    for (const Json& worker : report["workers"]) {
      if (worker["state"] == "draining") {
        draining = worker["pid"].get<pid_t>();
      }
    }
    return draining != 0 && report["server"]["state"] == "running";
  })) << server.statistics();
  ::kill(draining, SIGKILL);
  EXPECT_TRUE(server.wait_for_workers(2));
  EXPECT_EQ(server.statistics()["server"]["generation"], 2);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(AKilledWorker, WhileTheServerStopsDoesNotHoldItUp) {
  ServerProcess server({"--workers", "2"});
  Client client(server.url());
  client.send(get_request("/sleep?ms=8000"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  const auto pids = server.worker_pids();
  server.send_signal(SIGTERM);
  ASSERT_TRUE(server.has_logged({"SIGTERM: stopping"}));
  for (const auto& [slot, pid] : pids) {
    ::kill(pid, SIGKILL);
  }
  EXPECT_TRUE(server.wait_for_exit(kASecond * 2));
  EXPECT_TRUE(no_process_left(server.pid()));
}

TEST(AllWorkersKilledAtOnce, ComeBackAndNoNewConnectionIsRefused) {
  const ServerProcess server({"--workers", "4"});
  Load load(server.url(), {.keep_alive_clients = 0, .new_connection_clients = 4});
  ASSERT_TRUE(load.wait_for_answers(50));
  for (const auto& [slot, pid] : server.worker_pids()) {
    ::kill(pid, SIGKILL);
  }
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& workers = report["workers"];
    return std::all_of(workers.begin(), workers.end(), [](const Json& worker) {
      return worker["state"] == "ready" && worker["restarts"] == 1;
    });
  }));
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  for (const std::string& failure : report.failures) {
    EXPECT_EQ(failure.find("cannot connect"), std::string::npos) << failure;
  }
  EXPECT_LE(report.failures.size(), 4U) << report.first_failures();
}

TEST(RandomKills, ForFiveSecondsUnderLoadLeaveAHealthyServerWithConsistentTotals) {
  ServerProcess server({"--workers", "4"});
  Load load(server.url(), {.keep_alive_clients = 8, .new_connection_clients = 2});
  ASSERT_TRUE(load.wait_for_answers(100));
  TotalsWatch watch(server);
  std::mt19937 random(20261121);
  int kills = 0;
  const Deadline deadline(Milliseconds{5000});
  while (!deadline.has_passed()) {
    watch.look();
    const auto pids = server.worker_pids();
    if (!pids.empty()) {
      auto victim = pids.begin();
      std::advance(victim, static_cast<long>(random() % pids.size()));
      kills += ::kill(victim->second, SIGKILL) == 0 ? 1 : 0;
    }
    pause_for(Milliseconds{random() % 300});
  }
  EXPECT_GT(kills, 10);
  EXPECT_TRUE(server.wait_for_workers(4, kASecond * 20)) << server.statistics();
  ASSERT_TRUE(load.wait_for_answers(200));
  watch.look();
  const LoadReport told = load.stop();
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["connections"]["active"] == 0;
  })) << server.statistics()["totals"];
  const Json report = server.statistics();
  const Json& totals = report["totals"];
  EXPECT_GE(totals["requests"].get<std::uint64_t>(), told.answered);
  EXPECT_LE(totals["requests"].get<std::uint64_t>(), told.answered + told.failures.size());
  std::uint64_t restarts = 0;
  for (const Json& worker : report["workers"]) {
    restarts += worker["restarts"].get<std::uint64_t>();
  }
  EXPECT_EQ(restarts, static_cast<std::uint64_t>(kills));
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(no_process_left(server.pid()));
}

}  // namespace
}  // namespace prefork::test
