// Who may read on the admin listener: the token, what strangers see without it, and the permissions
// of its Unix socket.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kToken = "a-token-of-the-test-0123456789";

std::string with_token(std::string_view path, const std::string& token) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
         token + "\r\n\r\n";
}

Reply ask(const std::string& url, std::string_view path, const std::string& token) {
  Client client(url);
  client.send(with_token(path, token));
  return client.receive();
}

// Anywhere that it may write itself.
bool has_in_memory(pid_t pid, const std::string& text) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::ifstream memory(process + "/mem", std::ios::binary);
  EXPECT_TRUE(memory.is_open());
  std::ifstream maps(process + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream parts(line);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    std::string rights;
    parts >> std::hex >> begin >> dash >> end >> rights;
    // What is shared is no heap of its own, and large.
    if (rights != "rw-p" || end - begin > std::uint64_t{256} << 20) {
      continue;
    }
    std::string bytes(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (bytes.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST(AdminAccess, NeedsTheTokenForAllButThePageAndHealth) {
  const TemporaryFolder folder;
  ServerProcess server(
      {"--workers", "1", "--admin-token", folder.write("token", kToken + "\nnot this\n")});
  const std::string url = server.admin_url();
  for (const char* path : {"/stats", "/events", "/metrics", "/nothing"}) {
    const Reply refused = get(url, path);
    EXPECT_EQ(refused.status, 401) << path;
    EXPECT_EQ(refused.header("www-authenticate"), R"(Bearer realm="prefork-server")");
    EXPECT_EQ(ask(url, path, "another-token-of-the-test-0123").status, 401) << path;
  }
  EXPECT_EQ(ask(url, "/stats", kToken).status, 200);
  EXPECT_EQ(ask(url, "/nothing", kToken).status, 404);
  for (const char* path : {"/", "/healthz", "/readyz"}) {
    EXPECT_EQ(get(url, path).status, 200) << path;
  }
}

TEST(AdminAccess, TellsStrangersNoReasons) {
  const TemporaryFolder folder;
  ServerProcess server({"--workers", "1", "--shutdown-delay", "60s", "--admin-token",
                        folder.write("token", kToken)});
  server.send_signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return get(server.admin_url(), "/readyz").status == 503; }));
  EXPECT_EQ(get(server.admin_url(), "/readyz").body, "503 Service Unavailable\n");
  EXPECT_EQ(ask(server.admin_url(), "/readyz", kToken).body,
            "503 Service Unavailable: the server is stopping\n");
  server.send_signal(SIGINT);
}

TEST(AdminAccess, FollowsTheFileWithAReload) {
  const TemporaryFolder folder;
  const std::string other = "another-token-of-the-test-0123";
  for (const char* method : {"fork", "spawn"}) {
    ServerProcess server({"--workers", "1", "--start-method", method, "--admin-token",
                          folder.write("token", kToken)});
    EXPECT_EQ(ask(server.admin_url(), "/stats", kToken).status, 200);
    static_cast<void>(folder.write("token", other));
    server.send_signal(SIGHUP);
    EXPECT_TRUE(wait_until([&] { return ask(server.admin_url(), "/stats", other).status == 200; }));
    EXPECT_EQ(ask(server.admin_url(), "/stats", kToken).status, 401);
    EXPECT_EQ(server.log().find(kToken), std::string::npos);
  }
}

TEST(AdminAccess, NeverPrintsTheToken) {
  const TemporaryFolder folder;
  Launch launch;
  launch.program = server_binary();
  launch.arguments = {"--admin-token", folder.write("token", kToken), "--print-config"};
  const FinishedRun run = run_to_the_end(std::move(launch));
  EXPECT_NE(run.out.find(folder / "token"), std::string::npos);
  EXPECT_EQ(run.out.find(kToken), std::string::npos);
}

TEST(AdminAccess, OverItsUnixSocketIsAsItsOwnModeSays) {
  const TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  const ServerProcess server({"--uds", folder / "shop.sock", "--uds-mode", "666", "--admin",
                              "unix:" + path, "--admin-mode", "600", "--workers", "1"});
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder / "shop.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0666U);
  EXPECT_EQ(get("unix:" + path, "/stats").status, 200);
}

TEST(AdminAccess, OverItsUnixSocketIsItsOwnersWhateverTheOthersAre) {
  const TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  const ServerProcess server({"--uds", folder / "shop.sock", "--uds-mode", "660", "--admin",
                              "unix:" + path, "--workers", "1"});
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(AdminAccess, OverAUnixSocketIsRefusedUnderForeignNames) {
  const TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  const ServerProcess server({"--admin", "unix:" + path, "--workers", "1"});
  const auto status_for = [&](const std::string& head) {
    Client client("unix:" + path);
    client.send("GET /stats HTTP/1." + head + "\r\n\r\n");
    return client.receive().status;
  };
  EXPECT_EQ(status_for("1\r\nHost: evil.example:8001"), 421);
  for (const char* own : {"localhost", "localhost:8001", "127.0.0.1:8001", "[::1]:8001"}) {
    EXPECT_EQ(status_for("1\r\nHost: " + std::string(own)), 200) << own;
  }
  EXPECT_EQ(status_for("0"), 200) << "without one";
}

TEST(AdminAccess, ReadsNoLargeBody) {
  const TemporaryFolder folder;
  const ServerProcess server({"--workers", "1", "--admin-token", folder.write("token", kToken)});
  for (const char* path : {"/stats", "/commands/stop"}) {
    Client client(server.admin_url());
    client.send("POST " + std::string(path) +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1025\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413) << path;
  }
  EXPECT_EQ(ask(server.admin_url(), "/stats", kToken).status, 200);
}

// More of them than the observer takes (workers/observer/observer.cpp).
TEST(AdminAccess, IsThereForAProbeWhileOthersHoldConnections) {
  const ServerProcess server({"--workers", "1"});
  std::vector<Client> clients;
  for (const char* part : {"", "GET /st"}) {
    for (int i = 0; i < 300; ++i) {
      clients.emplace_back(server.admin_url());
      clients.back().send(part);
    }
    EXPECT_EQ(get(server.admin_url(), "/healthz").status, 200) << "after '" << part << "'";
  }
}

TEST(AdminAccess, IsNothingThatASpawnedWorkerHasTheTokenFor) {
  const TemporaryFolder folder;
  const ServerProcess server({"--workers", "1", "--start-method", "spawn", "--admin-token",
                              folder.write("token", kToken)});
  const Json report = Json::parse(ask(server.admin_url(), "/stats", kToken).body);
  EXPECT_FALSE(has_in_memory(report["workers"][0]["pid"], kToken));
  EXPECT_TRUE(has_in_memory(report["server"]["observer_pid"], kToken));
}

}  // namespace
}  // namespace prefork::test
