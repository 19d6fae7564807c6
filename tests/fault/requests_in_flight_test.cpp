// Whatever a worker has not finished when it ends is named, with how far it had come: requests that
// are read, wait for a thread, run, are answered later, or are being sent; and /stats shows them
// before.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

constexpr int kSmallWindow = 4096;

class RequestsInFlight : public testing::Test {
 protected:
  RequestsInFlight() {
    std::ofstream(folder_ / "big.bin").close();
    std::filesystem::resize_file(folder_ / "big.bin", 64 * 1024 * 1024);
  }

  // One worker with one thread, and a request in each phase.
  void start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {test_app("features"), "--workers", "1", "--threads", "1"});
    Launch launch = launch_of(arguments);
    launch.environment["TEST_APP_ASSETS"] = folder_.path();
    server_ = std::make_unique<ServerProcess>(std::move(launch));
    send("handling", "GET /block", get_request("/block"));
    ASSERT_TRUE(server_->wait_for_statistics(
        [](const Json& report) { return report["totals"]["pool"]["busy"] == 1; }));
    send("queued", "GET /stream", get_request("/stream"));
    send("deferred", "GET /never", get_request("/never"));
    send("reading", "POST /all",
         "POST /all HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + std::string(4000, 'x'));
    send("reading", "PUT /all", "PUT /all HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nx");
    send("sending", "GET /assets/big.bin", get_request("/assets/big.bin"));
    ASSERT_TRUE(server_->wait_for_statistics([this](const Json& report) {
      return phases(report) == expected();
    })) << server_->statistics();
  }

  // "METHOD path from peer" to its phase.
  [[nodiscard]] std::map<std::string, std::string> expected() const {
    std::map<std::string, std::string> phases;
    for (const auto& one : sent_) {
      phases[one.request + " from " + one.client->own_address()] = one.phase;
    }
    return phases;
  }
  static std::map<std::string, std::string> phases(const Json& report) {
    std::map<std::string, std::string> phases;
    for (const Json& worker : report["workers"]) {
      for (const Json& one : worker["in_flight"]) {
        phases[one["method"].get<std::string>() + " " + one["path"].get<std::string>() + " from " +
               one["peer"].get<std::string>()] = one["phase"];
      }
    }
    return phases;
  }

  void expect_all_named(const std::string& how) const {
    for (const auto& [request, phase] : expected()) {
      EXPECT_TRUE(server_->has_logged({"worker 0 " + how + " " + request, "old), " + phase}));
    }
  }

  std::unique_ptr<ServerProcess> server_;

 private:
  struct Sent {
    std::string phase;
    std::string request;
    std::unique_ptr<Client> client;
  };

  void send(std::string phase, std::string request, const std::string& bytes) {
    auto client = std::make_unique<Client>(server_->url(), kPatience, kSmallWindow);
    client->send(bytes);
    sent_.push_back({std::move(phase), std::move(request), std::move(client)});
  }

  TemporaryFolder folder_;
  std::vector<Sent> sent_;
};

TEST_F(RequestsInFlight, OfAKilledWorkerAreNamedWithTheirPhases) {
  ASSERT_NO_FATAL_FAILURE(start());
  const Json worker = server_->statistics()["workers"][0];
  EXPECT_EQ(worker["in_flight_more"], 0);
  for (const Json& one : worker["in_flight"]) {
    const bool is_run = one["phase"] == "handling";
    EXPECT_EQ(one["thread"], is_run ? Json("pool-0") : Json(nullptr)) << one;
    EXPECT_EQ(one["id"].is_null(), one["method"] == "PUT") << one;
  }
  ::kill(server_->worker_pid(0), SIGKILL);
  expect_all_named("was working on");
}

TEST_F(RequestsInFlight, OfAHungWorkerAreNamedWithTheirPhases) {
  ASSERT_NO_FATAL_FAILURE(start({"--timeout-worker-healthcheck", "500ms"}));
  const pid_t before = server_->worker_pid(0);
  ::kill(before, SIGSTOP);
  expect_all_named("is stuck with");
  EXPECT_TRUE(server_->has_logged({"(pid " + std::to_string(before) + ") ended"}));
  EXPECT_EQ(server_->times_logged("was working on"), 0U) << "told once";
}

TEST_F(RequestsInFlight, ThatAStopCutsAreNamedWithTheirPhases) {
  ASSERT_NO_FATAL_FAILURE(start({"--timeout-graceful-shutdown", "300ms"}));
  server_->send_signal(SIGTERM);
  EXPECT_EQ(server_->wait_for_exit(), exit_code(8));
  expect_all_named("is cut in");
}

TEST_F(RequestsInFlight, ThatAReloadCutsAreNamedWithTheirPhases) {
  ASSERT_NO_FATAL_FAILURE(start({"--timeout-replaced-worker", "300ms"}));
  server_->send_signal(SIGHUP);
  expect_all_named("is cut in");
}

TEST_F(RequestsInFlight, ThatAStopAtOnceCutsAreNamedWithTheirPhases) {
  ASSERT_NO_FATAL_FAILURE(start());
  server_->send_signal(SIGQUIT);
  ASSERT_TRUE(server_->wait_for_exit());
  expect_all_named("was working on");
}

TEST(RequestsInFlightOfACrash, AreCountedBeyondWhatIsNamed) {
  const ServerProcess server({"--workers", "1"});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(server.url()));
    clients.back()->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nx");
  }
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    const Json& worker = report["workers"][0];
    return worker["in_flight"].size() + worker["in_flight_more"].get<std::size_t>() == 100U;
  })) << server.statistics();
  ::kill(server.worker_pid(0), SIGKILL);
  EXPECT_TRUE(server.has_logged({"worker 0 was working on 68 requests more"}));
  EXPECT_EQ(server.times_logged("was working on POST /echo from "), 32U);
}

}  // namespace
}  // namespace prefork::test
