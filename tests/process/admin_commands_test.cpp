// What may be ordered over the admin listener, by whom, and how it is answered.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

const std::string kCommandToken = "a-token-of-the-test-0123456789";

class AdminCommandsTest : public testing::Test {
 protected:
  // "status body".
  static std::string order(const std::string& url, const std::string& command,
                           const std::string& fields = "", const std::string& host = "localhost") {
    Client client(url);
    client.send("POST /commands/" + command + " HTTP/1.1\r\nHost: " + host +
                "\r\nContent-Length: 0\r\n" + fields + "\r\n");
    const Reply reply = client.receive();
    return std::to_string(reply.status) + " " + reply.body;
  }
  static std::string with_token(const std::string& url, const std::string& command) {
    return order(url, command, "Authorization: Bearer " + kCommandToken + "\r\n");
  }

  static int ready_workers(const std::string& url) {
    Client client(url);
    client.send("GET /stats HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kCommandToken +
                "\r\n\r\n");
    const Json report = Json::parse(client.receive().body, nullptr, false);
    return static_cast<int>(
        std::count_if(report["workers"].begin(), report["workers"].end(),
                      [](const Json& worker) { return worker["state"] == "ready"; }));
  }

  const TemporaryFolder folder_;
  const std::string token_file_ = folder_.write("token", kCommandToken);
  const std::string socket_ = folder_ / "admin.sock";
  const std::string own_ = "Prefork-Command: 1\r\n";
};

TEST_F(AdminCommandsTest, AreNotTakenWhereEverybodyOnTheMachineCouldGiveThem) {
  const ServerProcess server({"--workers", "1"});
  EXPECT_EQ(order(server.admin_url(), "stop", own_),
            "403 403 Forbidden: commands are taken only where --admin-token is set or --admin is a "
            "Unix socket; preforkctl takes them here\n");
  EXPECT_EQ(get(server.admin_url(), "/commands/stop").status, 405);
}

TEST_F(AdminCommandsTest, NeedTheToken) {
  ServerProcess server({"--workers", "1", "--admin-token", token_file_});
  const std::string url = server.admin_url();
  EXPECT_TRUE(order(url, "stop").starts_with("401 "));
  EXPECT_TRUE(
      order(url, "stop", own_ + "Cookie: token=" + kCommandToken + "\r\n").starts_with("401 "));
  EXPECT_EQ(order(url, "stop", "Authorization: Bearer " + kCommandToken + "\r\n", "evil.example"),
            "421 421 Misdirected Request\n");
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  EXPECT_EQ(with_token(url, "reload"), "200 done\n");
  EXPECT_TRUE(server.has_logged({"admin listener: reload"}));
  EXPECT_TRUE(server.has_logged({"reload to generation 2 is done"}));
}

TEST_F(AdminCommandsTest, AreAnsweredWithWhatBecameOfThem) {
  ServerProcess server({"--workers", "1", "--admin-token", token_file_});
  const std::string url = server.admin_url();
  EXPECT_EQ(with_token(url, "scale?argument=2"), "200 done\n");
  EXPECT_EQ(ready_workers(url), 2);
  EXPECT_TRUE(server.has_logged({"admin listener: scale 2"}));
  EXPECT_EQ(with_token(url, "restart?argument=1"), "200 done\n");
  EXPECT_EQ(with_token(url, "drain?argument=1"), "200 done\n");
  EXPECT_EQ(ready_workers(url), 1);
  EXPECT_EQ(with_token(url, "reopen-logs"), "200 done\n");
  EXPECT_EQ(with_token(url, "scale?argument=1000"),
            "409 409 Conflict: this server has room for 1 to 9 workers; for more start it with a "
            "larger --workers\n");
  EXPECT_EQ(with_token(url, "scale"),
            "400 400 Bad Request: scale takes a number, as in /commands/scale?argument=2\n");
  for (const char* wrong :
       {"scale?argument=", "scale?argument=-1", "scale?argument=two", "scale?n=2",
        "scale?argument=2&argument=3", "scale?argument=99999999999"}) {
    EXPECT_TRUE(with_token(url, wrong).starts_with("400 ")) << wrong;
  }
  EXPECT_EQ(with_token(url, "reload?argument=1"),
            "400 400 Bad Request: reload takes no argument\n");
  for (const char* unknown : {"statistics", "config", "log-level", "explode", "Reload"}) {
    EXPECT_EQ(with_token(url, unknown), "404 404 Not Found: there is no such command\n") << unknown;
  }
  EXPECT_EQ(with_token(url, "stop"), "200 done\n");
  EXPECT_EQ(server.wait_for_exit(), exit_code(0));
}

TEST_F(AdminCommandsTest, OverAUnixSocketNeedAFieldThatNoOtherSitesPageMaySend) {
  const ServerProcess server(
      {"--workers", "1", "--admin", "unix:" + socket_, "--admin-mode", "660"});
  const std::string url = "unix:" + socket_;
  const std::string refused =
      "403 403 Forbidden: send the field Prefork-Command: 1, to localhost or an address\n";
  EXPECT_EQ(order(url, "reopen-logs"), refused);
  EXPECT_EQ(order(url, "reopen-logs", own_, "evil.example"), "421 421 Misdirected Request\n");
  EXPECT_EQ(order(url, "reopen-logs", own_), "200 done\n");
  // As it is now, not as it was made.
  ASSERT_EQ(::chmod(socket_.c_str(), 0666), 0);
  EXPECT_EQ(order(url, "reopen-logs", own_),
            "403 403 Forbidden: everybody may connect to this socket, so nobody may command here; "
            "see --admin-mode and --admin-token\n");
}

TEST_F(AdminCommandsTest, OverAUnixSocketAreItsOwnersUnlessAModeForItLetsItsGroup) {
  const ServerProcess server({"--workers", "1", "--admin", "unix:" + socket_, "--uds",
                              folder_ / "shop.sock", "--uds-mode", "660"});
  const std::string url = "unix:" + socket_;
  EXPECT_EQ(order(url, "reopen-logs", own_), "200 done\n");
  for (const mode_t mode : {0660U, 0620U}) {
    ASSERT_EQ(::chmod(socket_.c_str(), mode), 0);
    EXPECT_EQ(order(url, "reopen-logs", own_),
              "403 403 Forbidden: a group may connect to this socket that --admin-mode does not "
              "let, so nobody may command here; see --admin-mode and --admin-token\n");
  }
}

}  // namespace
}  // namespace prefork::test
