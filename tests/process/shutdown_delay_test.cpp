// A stop that load balancers are told of before it begins.
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>
#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// What HAProxy's agent check is told; the address is in the log alone.
std::string asked_by_haproxy(const ServerProcess& server) {
  const std::string kBefore = "agent check on ";
  const std::string log = server.log();
  const std::size_t begin = log.find(kBefore);
  if (begin == std::string::npos) {
    return "no agent check";
  }
  const std::size_t from = begin + kBefore.size();
  Client client("http://" + log.substr(from, log.find('\n', from) - from));
  client.send("what agent-send says\n");
  return client.receive_to_the_end();
}

TEST(ShutdownDelay, ServesOnWhileLoadBalancersAreToldToGo) {
  ServerProcess server(
      {"--workers", "2", "--shutdown-delay", "700ms", "--agent-check", "127.0.0.1:0"});
  EXPECT_EQ(get(server.admin_url(), "/readyz").status, 200);
  EXPECT_EQ(asked_by_haproxy(server), "up ready 100%\n");
  Client before(server.url());
  EXPECT_EQ(before.get("/plaintext").status, 200);

  server.send_signal(SIGTERM);
  EXPECT_TRUE(wait_until([&] { return get(server.admin_url(), "/readyz").status == 503; }));
  EXPECT_EQ(asked_by_haproxy(server), "drain\n");
  EXPECT_EQ(before.get("/plaintext").status, 200);
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200) << "new clients are served, too";
  server.send_signal(SIGTERM);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
  EXPECT_TRUE(server.has_logged({"stopping in 0.7 s (--shutdown-delay)"}));
  EXPECT_TRUE(server.has_logged({"the time of --shutdown-delay is over"}));
}

TEST(ShutdownDelay, IsNotForWhoeverSitsAtATerminal) {
  ServerProcess server({"--workers", "1", "--shutdown-delay", "1h"});
  server.send_signal(SIGTERM);
  EXPECT_TRUE(server.has_logged({"stopping in 3600 s"}));
  server.send_signal(SIGINT);
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST(AgentCheck, IsMovedByAReload) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "shop.toml", "port = 0\nadmin = '127.0.0.1:0'\nagent_check = '127.0.0.1:0'\nworkers = 1\n");
  ServerProcess server({"--config", file, "--start-method", "spawn"});
  EXPECT_EQ(asked_by_haproxy(server), "up ready 100%\n");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_TRUE(wait_until([&] { return asked_by_haproxy(server) == "up ready 100%\n"; }));
  EXPECT_EQ(server.stop(), exit_code(0));
}

}  // namespace
}  // namespace prefork::test
