// Not enough of something: the server goes on with what there is.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

constexpr unsigned kFewDescriptors = 128;

class FewDescriptors : public testing::Test {
 protected:
  static Launch launch() {
    Launch launch;
    launch.arguments = {
        "--workers", "2", "--threads", "1", "--timeout-header", "60s", "--timeout-keep-alive",
        "60s"};
    launch.limit_open_files = kFewDescriptors;
    return launch;
  }

  // More than all workers together can open.
  std::vector<Client> connect_too_many() {
    std::vector<Client> clients;
    for (unsigned i = 0; i < 3 * kFewDescriptors; ++i) {
      clients.emplace_back(server_.url());
      EXPECT_TRUE(clients.back().is_connected()) << clients.back().problem();
    }
    return clients;
  }

  ServerProcess server_{launch()};
};

TEST_F(FewDescriptors, NeitherSpinNorKillAnybody) {
  const auto before = server_.worker_pids();
  const auto clients = connect_too_many();
  double cpu_before = 0;
  for (const auto& [slot, pid] : before) {
    cpu_before += cpu_seconds_of(pid);
  }
  pause_for(Milliseconds{2000});
  double cpu_after = 0;
  for (const auto& [slot, pid] : before) {
    cpu_after += cpu_seconds_of(pid);
  }
  EXPECT_LT(cpu_after - cpu_before, 0.2 * kSlowness) << "of two seconds on two workers";
  EXPECT_EQ(server_.worker_pids(), before);
}

TEST_F(FewDescriptors, AreEnoughAgainWhenConnectionsClose) {
  { const auto clients = connect_too_many(); }
  EXPECT_TRUE(wait_until([&] { return get(server_.url(), "/plaintext", kASecond).status == 200; }));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(get(server_.url(), "/plaintext").status, 200) << i;
  }
}

// An application that loses descriptors does so in one worker first. One that takes all of them at
// once may cost the connection that is on its way to that worker.
TEST(AWorkerWithoutDescriptors, DrawsNoShareOfTheConnections) {
  Launch launch;
  launch.arguments = {test_app("processes"), "--workers", "4", "--limit-connections", "60",
                      "--threads",           "1"};
  launch.limit_open_files = kFewDescriptors;
  ServerProcess server(launch);
  EXPECT_EQ(get(server.url(), "/hoard/6").body, "hoarded\n");
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server.url());
    const Reply reply = clients.back().get("/sleep/0");
    EXPECT_EQ(reply.status, 200) << "connection " << i << ": " << reply;
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

// The kernel wakes it for every other connection, and tells nobody else of that.
TEST(AWorkerWithoutDescriptors, HandsOnWhatItIsWokenFor) {
  Launch launch;
  launch.arguments = {test_app("processes"), "--workers", "2", "--threads", "1"};
  launch.limit_open_files = kFewDescriptors;
  ServerProcess server(launch);
  Client hoarder(server.url());
  EXPECT_EQ(hoarder.get("/hoard/0").body, "hoarded\n");
  for (int i = 0; i < 40; ++i) {
    const Reply reply = get(server.url(), "/sleep/0", kASecond);
    ASSERT_EQ(reply.status, 200) << "connection " << i << ": " << reply;
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(ABurst, BeyondWhatAllWorkersCanOpenLosesNoConnection) {
  // Each client is a descriptor here.
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  Launch launch;
  launch.arguments = {"--workers", "4"};
  launch.limit_open_files = 300;
  ServerProcess server(launch);
  std::vector<Client> clients;
  for (int i = 0; i < 1500; ++i) {
    clients.emplace_back(server.url(), kASecond * 30);
    clients.back().send(get_request("/plaintext"));
  }
  int lost = 0;
  for (Client& client : clients) {
    const int status = client.receive().status;
    lost += status == 200 || status == 503 ? 0 : 1;
  }
  EXPECT_EQ(lost, 0) << "of " << clients.size();
}

TEST_F(FewDescriptors, LetThoseServedWhoAreConnectedAndToldTheOthers) {
  auto clients = connect_too_many();
  int served = 0;
  int told = 0;
  for (Client& client : clients) {
    client.send(get_request("/plaintext"));
  }
  for (Client& client : clients) {
    if (!client.is_readable_within(Milliseconds{served + told == 0 ? 2000 : 20})) {
      continue;
    }
    const Reply reply = client.receive();
    served += reply.status == 200 ? 1 : 0;
    told += reply.status == 503 ? 1 : 0;
  }
  EXPECT_GT(served, 20) << "and " << told << " got 503";
  EXPECT_EQ(server_.worker_pids().size(), 2U);
}

TEST_F(FewDescriptors, AreToldAtTheStartForTheyMakeALimitSmaller) {
  EXPECT_TRUE(server_.has_logged(
      {"--limit-connections: each worker takes", "instead of 16384", "ulimit -n"}));
  EXPECT_EQ(server_.times_logged("--limit-connections"), 1U);
}

TEST_F(FewDescriptors, DoNotStopAReload) {
  auto clients = connect_too_many();
  server_.send_signal(SIGHUP);
  clients.clear();
  EXPECT_TRUE(server_.wait_for_statistics(
      [](const Json& report) {
        return report["server"]["generation"] == 2 && report["server"]["state"] == "running";
      },
      kASecond * 10))
      << server_.statistics()["server"];
  EXPECT_TRUE(wait_until([&] { return get(server_.url(), "/plaintext", kASecond).status == 200; }));
}

}  // namespace
}  // namespace prefork::test
