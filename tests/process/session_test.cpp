// Sessions and signed cookies between a browser and several workers: tests/apps/session.cpp.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <csignal>
#include <memory>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kFirstKey = "the first key: 32 bytes or more..";
const std::string kSecondKey = "the second key: 32 bytes or more.";

// "name=value" of the Set-Cookie, as a browser sends it back; empty: there is none.
std::string cookie_of(const Reply& reply) {
  const std::string field = reply.header("Set-Cookie").value_or("");
  return field.substr(0, field.find(';'));
}

class SessionsInCookies : public testing::Test {
 protected:
  void SetUp() override {
    if (!exists(test_app("session"))) {
      GTEST_SKIP() << "built without OpenSSL";
    }
    write_keys(kFirstKey + "\n");
    server_ = std::make_unique<ServerProcess>(launch({"--forwarded-allow-ips", "127.0.0.1"}));
  }

  void write_keys(const std::string& text, ::mode_t mode = 0600) const {
    EXPECT_EQ(::chmod(folder_.write("keys", text).c_str(), mode), 0);
  }
  [[nodiscard]] Launch launch(const std::vector<std::string>& more = {}) const {
    Launch launch = launch_of({test_app("session"), "--workers", "2"});
    launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
    launch.environment["KEYS"] = folder_ / "keys";
    return launch;
  }
  // Each over a connection of its own, so that both workers have their turns.
  [[nodiscard]] Reply send(const std::string& method, const std::string& path,
                           const std::string& cookie = "", const std::string& body = "",
                           const std::string& fields = "") const {
    Client client(server_->url());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nCookie: " + cookie +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" +
                body);
    return client.receive();
  }
  [[nodiscard]] std::string login(const std::string& user) const {
    return cookie_of(send("POST", "/login", "", "password=rabbit&user=" + user));
  }
  [[nodiscard]] std::string greeting(const std::string& cookie) const {
    return send("GET", "/", cookie).body;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(SessionsInCookies, AreKnownToEveryWorkerFromLoginToLogout) {
  EXPECT_EQ(greeting(""), "who are you?\n");
  EXPECT_EQ(send("POST", "/login", "", "password=hare&user=alice").status, 403);
  const Reply in = send("POST", "/login", "", "password=rabbit&user=alice");
  EXPECT_EQ(in.status, 303) << in;
  EXPECT_TRUE(in.header("Set-Cookie")
                  .value_or("")
                  .ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"))
      << in;
  for (int i = 0; i < 10; ++i) {
    const Reply reply = send("GET", "/", "other=1; " + cookie_of(in));
    EXPECT_EQ(reply.body, "hello alice\n");
    EXPECT_FALSE(reply.header("Set-Cookie")) << reply;
  }
  const Reply out = send("POST", "/logout", cookie_of(in));
  EXPECT_EQ(out.header("Set-Cookie"),
            "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
}

TEST_F(SessionsInCookies, ThatSomebodyElseMadeAreNone) {
  std::string cookie = login("alice");
  EXPECT_EQ(greeting(cookie), "hello alice\n");
  cookie.back() = cookie.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(greeting(cookie), "who are you?\n");
  EXPECT_EQ(greeting("session=" + std::string(3000, '.')), "who are you?\n");
}

TEST_F(SessionsInCookies, GoOverHttpsAloneWhereTheyCameByIt) {
  const Reply reply = send("POST", "/login", "", "password=rabbit&user=alice",
                           "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n");
  EXPECT_TRUE(reply.header("Set-Cookie").value_or("").ends_with("; Secure; HttpOnly; SameSite=Lax"))
      << reply;
}

TEST_F(SessionsInCookies, LiveThroughAChangeOfTheKeys) {
  const std::string old = login("alice");
  const auto reload = [this](int generation) {
    server_->send_signal(SIGHUP);
    EXPECT_TRUE(server_->wait_for_statistics([generation](const Json& report) {
      std::size_t ready = 0;
      for (const Json& worker : report["workers"]) {
        ready += worker["generation"] == generation && worker["state"] == "ready" ? 1U : 0U;
      }
      return ready == 2 && report["workers"].size() == 2;
    }));
  };
  write_keys("# new\n" + kSecondKey + "\n# old\n" + kFirstKey + "\n");
  reload(2);
  EXPECT_EQ(greeting(old), "hello alice\n");
  const std::string fresh = login("bob");
  write_keys(kSecondKey + "\n");
  reload(3);
  EXPECT_EQ(greeting(old), "who are you?\n");
  EXPECT_EQ(greeting(fresh), "hello bob\n");
}

TEST_F(SessionsInCookies, AndCookiesThatCannotBeAreA500AndALine) {
  EXPECT_EQ(send("POST", "/everything").status, 500);
  EXPECT_TRUE(server_->has_logged({"session 'session': it takes ", "browsers keep 4096"}));
  EXPECT_EQ(send("GET", "/wrong").status, 500);
  EXPECT_TRUE(server_->has_logged({"cookie 'a': SameSite=None needs Secure"}));
  EXPECT_EQ(greeting(""), "who are you?\n") << "and the workers serve on";
}

TEST_F(SessionsInCookies, SignOtherCookiesToo) {
  const std::string word = "any bytes; \xFF, even so";
  const Reply reply = send("POST", "/word", "", word);
  EXPECT_EQ(send("GET", "/word", cookie_of(reply)).body, word);
  EXPECT_EQ(send("GET", "/word", cookie_of(reply) + "x").body, "-");
  EXPECT_EQ(send("GET", "/word", "word=" + login("alice").substr(8)).body, "-")
      << "what was signed for another name";
}

// What is wrong with the keys is said when the server starts, and keeps it from starting.
TEST_F(SessionsInCookies, DoNotStartWithoutGoodKeys) {
  const auto problem = [this] {
    const FinishedRun run = run_to_the_end(launch({"--port", "0"}));
    EXPECT_TRUE(run.exit && *run.exit != exit_code(0));
    return run.err;
  };
  const std::string path = folder_ / "keys";
  const auto expect = [&](const std::string& sentence) {
    const std::string said = problem();
    EXPECT_NE(said.find(sentence), std::string::npos) << said;
  };
  write_keys(kFirstKey, 0644);
  expect("keys: everybody may read or change '" + path + "': chmod 600 it");
  write_keys("abc");
  expect("keys: line 1 of '" + path + "' has 3 bytes; at least 32 are expected");
  write_keys("");
  expect("keys: there is none in '" + path + "'");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  expect("keys: cannot open '" + path + "': No such file or directory");
  write_keys(kFirstKey);
  Launch wrong_name = launch({"--port", "0"});
  wrong_name.environment["COOKIE"] = "my session";
  const FinishedRun run = run_to_the_end(wrong_name);
  EXPECT_NE(run.err.find("cookie 'my session': its name is no token"), std::string::npos)
      << run.err;
}

}  // namespace
}  // namespace prefork::test
