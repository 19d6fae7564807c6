// Answers that are written piece by piece, and clients that leave them.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

using Clients = std::vector<std::unique_ptr<Client>>;

// So many, each of which has received the head of its stream.
Clients listeners_of(const ServerProcess& server, int count) {
  Clients clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(server.url()));
    clients.back()->send(get_request("/silent"));
  }
  for (const auto& client : clients) {
    EXPECT_EQ(client->receive_without_body().status, 200);
  }
  return clients;
}

std::string listeners(const ServerProcess& server) {
  return get(server.url(), "/silent/count").body;
}

// A network of this thread's own, and of the processes it starts, that can be lost: only the
// loopback device is there.
class OwnNetwork {
 public:
  OwnNetwork()
      : outside_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)),
        is_made_(outside_.valid() && ::unshare(CLONE_NEWNET) == 0) {}
  ~OwnNetwork() {
    if (is_made_) {
      EXPECT_EQ(::setns(outside_.get(), CLONE_NEWNET), 0);
    }
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  [[nodiscard]] bool is_made() const { return is_made_; }
  static void set_up(bool up) {
    const ipc::OwnedFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = up ? IFF_UP : 0;
    EXPECT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
  }

 private:
  const ipc::OwnedFd outside_;
  const bool is_made_;
};

// Nothing is written to them, so only the connections themselves can tell.
TEST(Streams, AThousandWhoseClientsCloseAreForgotten) {
  ServerProcess server({test_app("features"), "--workers", "1", "--limit-concurrency", "100"});
  Clients clients = listeners_of(server, 1000);
  EXPECT_EQ(listeners(server), "1000");
  EXPECT_EQ(get(server.url(), "/items/1/a").body, "1|a") << "requests have a limit of their own";
  clients.clear();
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["pool"]["streams"] == 0 &&
           report["totals"]["connections"]["active"].get<int>() < 3;
  }));
  EXPECT_TRUE(wait_until([&] { return listeners(server) == "0"; }));
  EXPECT_EQ(get(server.url(), "/items/1/a").body, "1|a");
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond);
}

TEST(Streams, AThousandWhoseNetworkIsLostAreForgotten) {
  const OwnNetwork network;
  if (!network.is_made()) {
    GTEST_SKIP() << "only root can have a network of its own to lose";
  }
  OwnNetwork::set_up(true);
  const TemporaryFolder folder;
  ServerProcess server({test_app("features"), "--workers", "1", "--timeout-write", "2s", "--admin",
                        "unix:" + folder.path() + "/admin"});
  const Clients clients = listeners_of(server, 1000);
  EXPECT_EQ(server.statistics()["totals"]["pool"]["streams"], 1000);
  OwnNetwork::set_up(false);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["totals"]["pool"]["streams"] == 0 &&
           report["totals"]["connections"]["active"] == 0;
  })) << server.statistics()["totals"];
  OwnNetwork::set_up(true);
  EXPECT_EQ(listeners(server), "0");
  EXPECT_EQ(get(server.url(), "/items/1/a").body, "1|a");
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond);
}

TEST(Streams, SlowReadersHoldNoThread) {
  const ServerProcess server({test_app("features"), "--workers", "1", "--threads", "2"});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<Client>(server.url(), kPatience, 4096));
    slow.back()->send(get_request("/stream/endless"));
  }
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["streams"] == 20; }));
  EXPECT_EQ(get(server.url(), "/items/1/a").body, "1|a");
}

TEST(Uploads, SlowOnesHoldNoThread) {
  const ServerProcess server({test_app("features"), "--workers", "1", "--threads", "2"});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<Client>(server.url()));
    slow.back()->send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nsome");
  }
  EXPECT_EQ(get(server.url(), "/items/1/a").body, "1|a");
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 0; }));
  for (const auto& client : slow) {
    client->send("more");
    EXPECT_EQ(client->receive().status, 200);
  }
}

TEST(Uploads, BrokenOffAreNoFaultOfTheHandler) {
  const ServerProcess server({test_app("features"), "--workers", "1"});
  for (int i = 0; i < 10; ++i) {
    Client client(server.url());
    client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nsome");
    ASSERT_TRUE(server.wait_for_statistics(
        [](const Json& report) { return !report["workers"][0]["in_flight"].empty(); }));
    client.abort();
    ASSERT_TRUE(server.wait_for_statistics(
        [](const Json& report) { return report["totals"]["pool"]["in_progress"] == 0; }));
  }
  const Json totals = server.statistics()["totals"];
  EXPECT_EQ(totals["errors"]["handlers"], 0);
  EXPECT_EQ(totals["errors"]["peer_resets"], 10);
  EXPECT_EQ(server.times_logged("answered with 500"), 0U) << server.log();
}

}  // namespace
}  // namespace prefork::test
