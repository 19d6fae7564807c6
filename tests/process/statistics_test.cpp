// What the admin listener says, and that its numbers are those of what really happened.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

int sum_over_workers(const Json& report, const Json::json_pointer& what) {
  int sum = 0;
  for (const Json& worker : report["workers"]) {
    sum += worker.value(what, 0);
  }
  return sum;
}

TEST(Statistics, NameTheServerItsProcessesAndItsListeners) {
  const ServerProcess server({"--workers", "3"});
  const Json about = server.statistics()["server"];
  EXPECT_EQ(about["name"], "prefork-server");
  EXPECT_TRUE(about["version"].is_string());
  EXPECT_EQ(about["state"], "running");
  EXPECT_EQ(about["master_pid"], server.pid());
  EXPECT_TRUE(is_running(about["observer_pid"].get<pid_t>()));
  EXPECT_EQ(about["observer_restarts"], 0);
  EXPECT_EQ(about["generation"], 1);
  EXPECT_EQ(about["listeners"], Json::array({server.url()}));
  EXPECT_EQ(about["admin"], server.admin_url());
  EXPECT_GE(about["uptime_seconds"].get<double>(), 0);
  EXPECT_TRUE(about["started_at"].get<std::string>().ends_with("Z"));
}

TEST(Statistics, NameWhatReadsTheHeadsOfRequests) {
  const std::set<std::string> fast = {"avx2", "ssse3", "scalar"};
  const ServerProcess server({"--workers", "1"});
  EXPECT_TRUE(fast.contains(server.statistics()["server"]["head_parser"].get<std::string>()));
  const ServerProcess plain({"--workers", "1", "--head-parser", "llhttp"});
  EXPECT_EQ(plain.statistics()["server"]["head_parser"], "llhttp");
  EXPECT_EQ(get(plain.url(), "/plaintext").status, 200);
}

TEST(Statistics, OfAWorkerHaveEveryFieldThatIsPromised) {
  const ServerProcess server({"--workers", "2", "--threads", "3"});
  const Json report = server.statistics();
  ASSERT_EQ(report["workers"].size(), 2U);
  for (const Json& worker : report["workers"]) {
    for (const char* field : {"/slot",
                              "/pid",
                              "/generation",
                              "/state",
                              "/started_at",
                              "/restarts",
                              "/last_exit",
                              "/requests",
                              "/responses/1xx",
                              "/responses/2xx",
                              "/responses/3xx",
                              "/responses/4xx",
                              "/responses/5xx",
                              "/connections/accepted",
                              "/connections/active",
                              "/connections/idle",
                              "/connections/handed_on",
                              "/connections/received",
                              "/pool/threads",
                              "/pool/busy",
                              "/pool/queued",
                              "/pool/rejected",
                              "/bytes/in",
                              "/bytes/out",
                              "/errors/bad_requests",
                              "/timeouts/header",
                              "/timeouts/body",
                              "/timeouts/write",
                              "/timeouts/keep_alive",
                              "/cpu_seconds",
                              "/resident_bytes",
                              "/heartbeat_age_ms",
                              "/in_flight"}) {
      EXPECT_TRUE(worker.contains(Json::json_pointer(field))) << field;
    }
    EXPECT_EQ(worker["state"], "ready");
    EXPECT_EQ(worker["generation"], 1);
    EXPECT_EQ(worker["restarts"], 0);
    EXPECT_TRUE(worker["last_exit"].is_null());
    EXPECT_EQ(worker["pool"]["threads"], 3);
    EXPECT_GT(worker["resident_bytes"].get<int>(), 100'000);
    EXPECT_LT(worker["heartbeat_age_ms"].get<double>(), 5'000);
    EXPECT_TRUE(worker["in_flight"].empty());
  }
}

TEST(Statistics, CountExactlyWhatWasSentAndTheWorkersAddUpToTheTotals) {
  const ServerProcess server({"--workers", "4"});
  constexpr int kClients = 20;
  std::size_t sent = 0;
  for (int i = 0; i < kClients; ++i) {
    Client client(server.url());
    for (const char* path : {"/plaintext", "/json", "/nothing-here", "/sleep?ms=1", "/sleep"}) {
      const std::string request = get_request(path);
      sent += request.size();
      client.send(request);
      ASSERT_NE(client.receive().status, 0);
    }
  }
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["connections"]["active"] == 0; }));
  const Json report = server.statistics();
  const Json& totals = report["totals"];
  EXPECT_EQ(totals["requests"], 5 * kClients);
  EXPECT_EQ(totals["responses"]["2xx"], 3 * kClients);
  EXPECT_EQ(totals["responses"]["4xx"], 2 * kClients);
  EXPECT_EQ(totals["responses"]["5xx"], 0);
  EXPECT_EQ(totals["connections"]["accepted"], kClients);
  EXPECT_EQ(totals["connections"]["closed"], kClients);
  EXPECT_EQ(totals["connections"]["handed_on"], totals["connections"]["received"]);
  EXPECT_EQ(totals["bytes"]["in"], sent);
  EXPECT_EQ(totals["latency"]["count"], 5 * kClients);
  EXPECT_EQ(totals["pool"]["run_time"]["count"], 2 * kClients);
  for (const char* field :
       {"/requests", "/responses/2xx", "/responses/4xx", "/connections/accepted",
        "/connections/closed", "/connections/handed_on", "/connections/received", "/bytes/in",
        "/bytes/out", "/latency/count", "/pool/run_time/count"}) {
    const Json::json_pointer pointer(field);
    EXPECT_EQ(sum_over_workers(report, pointer), totals[pointer]) << field;
  }
}

TEST(Statistics, CountTheBytesThatTheClientReads) {
  const ServerProcess server({"--workers", "2"});
  Client client(server.url());
  client.send(get_request("/plaintext") +
              "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string read = client.receive_to_the_end();
  EXPECT_TRUE(server.wait_for_statistics([&](const Json& report) {
    return report["totals"]["bytes"]["out"] == read.size();
  })) << server.statistics()["totals"]["bytes"]
      << " " << read.size();
}

TEST(Statistics, AreNotChangedByReadingThem) {
  const ServerProcess server({"--workers", "2"});
  ASSERT_EQ(get(server.url(), "/plaintext").status, 200);
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["connections"]["closed"] == 1; }));
  const Json before = server.statistics()["totals"];
  const Json after = server.statistics()["totals"];
  EXPECT_EQ(before["requests"], after["requests"]);
  EXPECT_EQ(before["connections"], after["connections"]);
  EXPECT_EQ(before["bytes"], after["bytes"]);
}

TEST(Statistics, ShowTheRequestsInFlight) {
  const ServerProcess server({"--workers", "1"});
  Client sleeper(server.url());
  sleeper.send(get_request("/sleep?ms=1500"));
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    return !report["workers"][0]["in_flight"].empty();
  })) << server.statistics();
  const Json report = server.statistics();
  const Json& worker = report["workers"][0];
  const Json& request = worker["in_flight"][0];
  EXPECT_EQ(request["method"], "GET");
  EXPECT_EQ(request["path"], "/sleep");
  EXPECT_EQ(request["peer"], sleeper.own_address());
  EXPECT_TRUE(request["thread"].get<std::string>().starts_with("pool-"));
  EXPECT_GT(request["age_ms"].get<double>(), 0);
  EXPECT_EQ(worker["pool"]["busy"], 1);
  EXPECT_EQ(worker["connections"]["idle"], 0);
  EXPECT_EQ(sleeper.receive().status, 200);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& again) {
    return again["workers"][0]["in_flight"].empty() &&
           again["workers"][0]["connections"]["idle"] == 1;
  })) << server.statistics();
}

TEST(Statistics, SurviveAPathThatIsNoText) {
  const ServerProcess server({"--workers", "1"});
  Client sleeper(server.url());
  sleeper.send("GET /sleep?ms=800&\xff\xfe HTTP/1.1\r\nHost: test\r\n\r\n");
  sleeper.receive();
  Client odd(server.url());
  odd.send("GET /%ff%fe%00 HTTP/1.1\r\nHost: test\r\n\r\n");
  odd.receive();
  EXPECT_EQ(get(server.admin_url(), "/stats").status, 200);
}

TEST(Statistics, CountErrorsByKind) {
  const ServerProcess server({"--workers", "1", "--limit-body", "10"});
  Client nonsense(server.url());
  nonsense.send("GET / HTTP/1.1\r\nnonsense\r\n\r\n");
  EXPECT_EQ(nonsense.receive().status, 400);
  Client large(server.url());
  large.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(large.receive().status, 413);
  Client wrong(server.url());
  wrong.send("POST /plaintext HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(wrong.receive().status, 405);
  const Json errors = server.statistics()["totals"]["errors"];
  EXPECT_EQ(errors["bad_requests"], 1);
  EXPECT_EQ(errors["limits"], 1);
  EXPECT_EQ(errors["unsupported"], 1);
}

TEST(Health, IsGoodWhileTheServerServes) {
  const ServerProcess server({"--workers", "2"});
  for (const char* path : {"/healthz", "/readyz"}) {
    const Reply reply = get(server.admin_url(), path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, "ok\n") << path;
    EXPECT_EQ(reply.header("Cache-Control"), "no-store") << path;
  }
  EXPECT_EQ(get(server.admin_url(), "/").status, 200);
  EXPECT_EQ(get(server.admin_url(), "/plaintext").status, 404) << "the admin listener is its own";
  EXPECT_EQ(get(server.url(), "/stats").status, 404) << "and nobody else's";
}

TEST(Health, UnderAForeignHostNameIsRefusedOnAnAddressOfThisMachine) {
  const ServerProcess server({"--workers", "1"});
  Client client(server.admin_url());
  for (const auto& [host, status] : std::map<std::string, int>{{"evil.example", 421},
                                                               {"127.0.0.1.evil.example", 421},
                                                               {"localhost", 200},
                                                               {"127.0.0.1:1", 200}}) {
    for (const char* path : {"/stats", "/healthz"}) {
      client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      EXPECT_EQ(client.receive().status, status) << host << path;
    }
  }
}

TEST(Health, AnswersOnAUnixSocketToo) {
  const TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  ServerProcess server({"--admin", "unix:" + path, "--workers", "1"});
  EXPECT_EQ(server.admin_url(), "unix:" + path);
  EXPECT_EQ(get(server.admin_url(), "/readyz").status, 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_FALSE(exists(path));
}

TEST(Health, WhileTheServerStopsItLivesButIsNotReady) {
  ServerProcess server({"--workers", "2"});
  Client sleeper(server.url());
  sleeper.send(get_request("/sleep?ms=1500"));
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
  server.send_signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return get(server.admin_url(), "/readyz").status == 503; }));
  EXPECT_EQ(get(server.admin_url(), "/healthz").status, 200);
  EXPECT_EQ(server.statistics()["server"]["state"], "stopping");
  EXPECT_EQ(sleeper.receive().body, "slept 1500 ms\n");
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(AnObserverThatLeaves, AnswersWhoIsConnectedAndWaitsForNobodyForLong) {
  const ServerProcess server({"--workers", "1"});
  const pid_t observer = server.statistics()["server"]["observer_pid"].get<pid_t>();
  Client asks(server.admin_url());
  Client dawdles(server.admin_url());
  ASSERT_EQ(asks.get("/healthz").status, 200);
  ASSERT_EQ(dawdles.get("/healthz").status, 200);
  dawdles.send("GET /healthz HTTP/1.1\r\n");
  ::kill(observer, SIGTERM);
  const Reply reply = asks.get("/healthz");
  EXPECT_EQ(reply.status, 200) << reply;
  EXPECT_TRUE(wait_until([&] { return !is_running(observer); }, kASecond * 3));
  EXPECT_TRUE(server.wait_for_statistics(
      [&](const Json& report) { return report["server"]["observer_pid"] != observer; }));
}

TEST(Titles, SayWhichProcessIsWhich) {
  for (const std::string method : {"fork", "spawn", "forkserver"}) {
    const ServerProcess server({"--workers", "3", "--start-method", method});
    EXPECT_EQ(server.statistics()["workers"].size(), 3U) << "nobody has waited for the observer";
    std::multiset<std::string> titles;
    for (const pid_t pid : processes_of_group(server.pid())) {
      titles.insert(title_of(pid));
    }
    std::multiset<std::string> expected = {"prefork-server: master", "prefork-server: observer",
                                           "prefork-server: worker 0", "prefork-server: worker 1",
                                           "prefork-server: worker 2"};
    if (method == "forkserver") {
      expected.insert("prefork-server: fork server");
    }
    EXPECT_EQ(titles, expected) << method;
    EXPECT_EQ(title_of(server.pid()), "prefork-server: master");
    EXPECT_EQ(title_of(server.worker_pid(2)), "prefork-server: worker 2");
  }
}

}  // namespace
}  // namespace prefork::test
