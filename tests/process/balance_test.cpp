// Keep-alive connections spread evenly over the workers, whatever socket they came through.
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tests/support/load.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

std::vector<Client> connect_clients(const std::string& url, int count) {
  std::vector<Client> clients;
  clients.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(url);
  }
  return clients;
}

testing::AssertionResult is_even(const ServerProcess& server, int connections, int workers,
                                 Milliseconds within = kASecond * 3) {
  std::map<int, int> active;
  const auto looks_even = [&] {
    active = active_connections(server.statistics());
    const int sum = std::accumulate(active.begin(), active.end(), 0,
                                    [](int total, const auto& one) { return total + one.second; });
    const auto [least, most] = std::minmax_element(
        active.begin(), active.end(),
        [](const auto& left, const auto& right) { return left.second < right.second; });
    return static_cast<int>(active.size()) == workers && sum == connections &&
           most->second - least->second <= 1;
  };
  if (wait_until(looks_even, within)) {
    return testing::AssertionSuccess();
  }
  auto failure = testing::AssertionFailure() << connections << " connections are spread as";
  for (const auto& [slot, count] : active) {
    failure << " " << count;
  }
  return failure;
}

class BalanceOf : public testing::TestWithParam<int> {};

TEST_P(BalanceOf, ConnectionsOverTcpDifferByAtMostOne) {
  const ServerProcess server({"--workers", "4", "--timeout-header", "60s"});
  const auto clients = connect_clients(server.url(), GetParam());
  EXPECT_TRUE(is_even(server, GetParam(), 4));
}

TEST_P(BalanceOf, ConnectionsInUseDifferByAtMostOne) {
  const ServerProcess server({"--workers", "4", "--timeout-keep-alive", "60s"});
  auto clients = connect_clients(server.url(), GetParam());
  for (int round = 0; round < 2; ++round) {
    for (Client& client : clients) {
      ASSERT_EQ(client.get("/plaintext").status, 200);
    }
  }
  EXPECT_TRUE(is_even(server, GetParam(), 4));
}

// One that comes to rest is moved; one whose first message lasts cannot be.
TEST(Balance, OfConnectionsThatNeverRestDiffersByAFew) {
  const ServerProcess server({"--workers", "4", "--timeout-body", "60s"});
  auto clients = connect_clients(server.url(), 0);
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back(server.url());
    clients.back().send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1");
  }
  std::map<int, int> active;
  EXPECT_TRUE(wait_until([&] {
    active = active_connections(server.statistics());
    return std::accumulate(active.begin(), active.end(), 0,
                           [](int total, const auto& one) { return total + one.second; }) == 40;
  }));
  for (const auto& [slot, count] : active) {
    EXPECT_NEAR(count, 10, 4) << "worker " << slot;
  }
}

TEST_P(BalanceOf, ConnectionsOverAUnixSocketDifferByAtMostOne) {
  const TemporaryFolder folder;
  const ServerProcess server(
      {"--workers", "4", "--uds", folder / "shop.sock", "--timeout-header", "60s"});
  const auto clients = connect_clients(server.url(), GetParam());
  EXPECT_TRUE(is_even(server, GetParam(), 4));
}

TEST_P(BalanceOf, ConnectionsOverAnInheritedSocketDifferByAtMostOne) {
  const TemporaryFolder folder;
  const std::string path = folder / "inherited.sock";
  ipc::OwnedFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  ASSERT_EQ(::listen(listening.get(), 1024), 0);
  Launch launch;
  launch.arguments = {"--workers", "4", "--fd", "3", "--timeout-header", "60s"};
  launch.descriptors[3] = listening.get();
  {
    ServerProcess server(launch);
    EXPECT_EQ(server.url(), "unix:" + path);
    const auto clients = connect_clients(server.url(), GetParam());
    EXPECT_TRUE(is_even(server, GetParam(), 4));
    EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
    EXPECT_TRUE(server.stop());
  }
  EXPECT_TRUE(exists(path)) << "the socket's file belongs to whoever made it";
}

TEST_P(BalanceOf, ConnectionsDifferByAtMostOneAfterAReload) {
  ServerProcess server(
      {"--workers", "4", "--timeout-header", "60s", "--timeout-keep-alive", "60s"});
  auto clients = connect_clients(server.url(), GetParam());
  ASSERT_TRUE(is_even(server, GetParam(), 4));
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  ASSERT_TRUE(server.wait_for_workers(4));
  EXPECT_TRUE(is_even(server, GetParam(), 4));
  for (Client& client : clients) {
    ASSERT_EQ(client.get("/plaintext").status, 200) << "handed on, not closed";
  }
}

INSTANTIATE_TEST_SUITE_P(Few, BalanceOf, testing::Values(8));
INSTANTIATE_TEST_SUITE_P(Some, BalanceOf, testing::Values(64));
INSTANTIATE_TEST_SUITE_P(Many, BalanceOf, testing::Values(1000));

TEST(Balance, ConnectionsThatComeAndGoLeaveNoDrift) {
  const ServerProcess server({"--workers", "4", "--timeout-header", "60s"});
  for (int round = 0; round < 10; ++round) {
    auto clients = connect_clients(server.url(), 50);
    for (std::size_t i = 0; i < clients.size(); i += 3) {
      clients[i].abort();
    }
  }
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["connections"]["active"] == 0; }));
  const auto clients = connect_clients(server.url(), 64);
  EXPECT_TRUE(is_even(server, 64, 4));
}

std::uint64_t handed_on(const ServerProcess& server) {
  return server.statistics()["totals"]["connections"]["handed_on"].get<std::uint64_t>();
}

// After the last worker is ready. Two seconds are promised, a machine that is busy gets another.
const Milliseconds kFairWithin = kASecond * 3;

class FairnessOf : public testing::TestWithParam<int> {};

TEST_P(FairnessOf, IdleConnectionsAfterAWorkerIsAdded) {
  const ServerProcess server(
      {"--workers", "4", "--timeout-header", "60s", "--timeout-keep-alive", "60s"});
  auto clients = connect_clients(server.url(), GetParam());
  ASSERT_TRUE(is_even(server, GetParam(), 4));
  server.send_signal(SIGTTIN);
  ASSERT_TRUE(server.wait_for_workers(5));
  EXPECT_TRUE(is_even(server, GetParam(), 5, kFairWithin));
  for (Client& client : clients) {
    ASSERT_EQ(client.get("/plaintext").status, 200);
  }
}

TEST_P(FairnessOf, IdleConnectionsAfterAWorkerIsTakenAway) {
  const ServerProcess server(
      {"--workers", "4", "--timeout-header", "60s", "--timeout-keep-alive", "60s"});
  auto clients = connect_clients(server.url(), GetParam());
  ASSERT_TRUE(is_even(server, GetParam(), 4));
  server.send_signal(SIGTTOU);
  EXPECT_TRUE(is_even(server, GetParam(), 3));
  for (Client& client : clients) {
    ASSERT_EQ(client.get("/plaintext").status, 200);
  }
}

TEST_P(FairnessOf, IdleConnectionsAfterAWorkerHasDied) {
  const ServerProcess server(
      {"--workers", "4", "--timeout-header", "60s", "--timeout-keep-alive", "60s"});
  const auto clients = connect_clients(server.url(), GetParam());
  ASSERT_TRUE(is_even(server, GetParam(), 4));
  const pid_t killed = server.worker_pid(0);
  ::kill(killed, SIGKILL);
  ASSERT_TRUE(wait_until([&] {
    const std::map<int, pid_t> pids = server.worker_pids();
    return pids.size() == 4 && pids.at(0) != killed;
  }));
  EXPECT_TRUE(is_even(server, GetParam() * 3 / 4, 4, kFairWithin));
}

INSTANTIATE_TEST_SUITE_P(Few, FairnessOf, testing::Values(8));
INSTANTIATE_TEST_SUITE_P(Some, FairnessOf, testing::Values(64));
INSTANTIATE_TEST_SUITE_P(Many, FairnessOf, testing::Values(1000));

// Clients that never stop asking: what they ask for runs on the loop, or takes its time on the
// pool, so that a connection is hardly ever seen idle.
class FairnessUnderLoad : public testing::TestWithParam<LoadShape> {};

TEST_P(FairnessUnderLoad, AfterADeathAndAnAddedWorkerNothingIsLostButWhatTheDeadOneHad) {
  constexpr int kClients = 64;
  const ServerProcess server({"--workers", "4", "--threads", "64", "--timeout-keep-alive", "60s"});
  Load load(server.url(), GetParam());
  ASSERT_TRUE(is_even(server, kClients, 4));
  const auto had = static_cast<std::size_t>(active_connections(server.statistics()).at(0));
  const pid_t killed = server.worker_pid(0);
  ::kill(killed, SIGKILL);
  ASSERT_TRUE(wait_until([&] {
    const std::map<int, pid_t> pids = server.worker_pids();
    return pids.size() == 4 && pids.at(0) != killed;
  }));
  EXPECT_TRUE(is_even(server, kClients, 4, kFairWithin));
  server.send_signal(SIGTTIN);
  ASSERT_TRUE(server.wait_for_workers(5));
  EXPECT_TRUE(is_even(server, kClients, 5, kFairWithin));

  const std::uint64_t moved = handed_on(server);
  ASSERT_TRUE(load.wait_for_answers(1000));
  EXPECT_EQ(handed_on(server), moved) << "what is even stays where it is";
  const LoadReport report = load.stop();
  EXPECT_LE(report.failures.size(), had) << report.first_failures();
  EXPECT_LE(report.connections, kClients + had);
}

LoadShape keep_asking_for(const std::string& path, const std::string& body) {
  return {.keep_alive_clients = 64,
          .new_connection_clients = 0,
          .path = path,
          .expected_body = body,
          .pause = Milliseconds{0}};
}

INSTANTIATE_TEST_SUITE_P(OnTheLoop, FairnessUnderLoad,
                         testing::Values(keep_asking_for("/plaintext", "Hello, World!")));
INSTANTIATE_TEST_SUITE_P(OnThePool, FairnessUnderLoad,
                         testing::Values(keep_asking_for("/sleep?ms=20", "slept 20 ms\n")));

TEST(Balance, AnAddedWorkerGetsTheNextConnections) {
  const ServerProcess server({"--workers", "2", "--timeout-header", "60s"});
  const auto first = connect_clients(server.url(), 20);
  ASSERT_TRUE(is_even(server, 20, 2));
  server.send_signal(SIGTTIN);
  ASSERT_TRUE(server.wait_for_workers(3));
  const auto second = connect_clients(server.url(), 10);
  EXPECT_TRUE(is_even(server, 30, 3));
}

}  // namespace
}  // namespace prefork::test
