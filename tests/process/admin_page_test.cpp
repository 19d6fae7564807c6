// The page on the admin listener and the stream that it lives on. What it looks like and does in a
// browser is tested by tests/dashboard/run.sh.
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <csignal>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// Reads a stream of events as it comes.
class Events {
 public:
  explicit Events(const std::string& url) : client_(url) { client_.send(get_request("/events")); }

  // The head, once all of it is there.
  std::string head() {
    read_until("\r\n\r\n");
    const std::size_t end = text_.find("\r\n\r\n");
    std::string head = text_.substr(0, end);
    text_.erase(0, end == text_.npos ? end : end + 4);
    return head;
  }
  // The data of the next event of this name; null when none comes.
  Json next(const std::string& name) {
    const std::string begin = "event: " + name + "\ndata: ";
    const Deadline deadline(kPatience);
    while (!deadline.has_passed()) {
      const std::size_t at = text_.find(begin);
      const std::size_t end = at == text_.npos ? at : text_.find("\n\n", at);
      if (end != text_.npos) {
        std::string data = text_.substr(at + begin.size(), end - at - begin.size());
        text_.erase(0, end);
        return Json::parse(without_chunks(std::move(data)), nullptr, false);
      }
      if (!read_some()) {
        break;
      }
    }
    return nullptr;
  }
  // Ends as chunked content does that is complete.
  bool ends_well() {
    while (read_some()) {
    }
    return text_.ends_with("0\r\n\r\n");
  }

 private:
  bool read_some() {
    if (!client_.is_readable_within(kPatience)) {
      return false;
    }
    std::array<char, 65536> room{};
    const ssize_t size = ::recv(client_.fd(), room.data(), room.size(), 0);
    if (size > 0) {
      text_.append(room.data(), static_cast<std::size_t>(size));
    }
    return size > 0;
  }
  void read_until(std::string_view what) {
    while (text_.find(what) == text_.npos && read_some()) {
    }
  }
  // Events are longer than a chunk where there are many workers; here they are not, but two chunks
  // may meet in one.
  static std::string without_chunks(std::string data) {
    for (std::size_t at = 0; (at = data.find("\r\n")) != data.npos;) {
      const std::size_t end = data.find("\r\n", at + 2);
      data.erase(at, end == data.npos ? end : end + 2 - at);
    }
    return data;
  }

  Client client_;
  std::string text_;
};

TEST(AdminPage, IsOneDocumentThatMayUseNothingFromElsewhere) {
  const ServerProcess server({"--workers", "1"});
  const Reply page = get(server.admin_url(), "/");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.header("referrer-policy"), "no-referrer");
  EXPECT_EQ(page.header("cross-origin-opener-policy"), "same-origin");
  const std::string policy = page.header("content-security-policy").value_or("");
  EXPECT_TRUE(
      policy.starts_with("default-src 'none'; connect-src 'self'; img-src data:; style-src "
                         "'sha256-"))
      << policy;
  for (const char* part : {"script-src 'sha256-", "base-uri 'none'", "form-action 'none'",
                           "frame-ancestors 'none'", "require-trusted-types-for 'script'"}) {
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  for (const char* foreign : {" src=", "@import", "url(", "innerHTML", "http://", "style=\""}) {
    const std::size_t at = page.body.find(foreign);
    // But for the names of XML.
    EXPECT_TRUE(at == std::string::npos || page.body.substr(at).starts_with("http://www.w3.org"))
        << foreign;
  }
  EXPECT_NE(page.body.find(R"(data-token="none")"), std::string::npos);
  EXPECT_NE(page.body.find("href=\"stats\""), std::string::npos);
  EXPECT_NE(page.body.find("href=\"metrics\""), std::string::npos);
}

// As a policy names a text: by the program that everybody has, not by what the build uses.
std::string source_hash(const TemporaryFolder& folder, const std::string& text) {
  Launch launch;
  launch.program = "/usr/bin/sha256sum";
  launch.arguments = {folder.write("text", text)};
  const std::string digits = run_to_the_end(std::move(launch)).out.substr(0, 64) + "00";
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string hash;
  for (std::size_t at = 0; at + 6 <= digits.size(); at += 6) {
    const unsigned long bits = std::stoul(digits.substr(at, 6), nullptr, 16);
    for (const int shift : {18, 12, 6, 0}) {
      hash += kLetters[bits >> shift & 63U];
    }
  }
  return "'sha256-" + hash.substr(0, 43) + "='";
}

TEST(AdminPage, HasAPolicyThatNamesItsOwnStyleAndScript) {
  const TemporaryFolder folder;
  const ServerProcess server({"--workers", "1"});
  const Reply page = get(server.admin_url(), "/");
  const std::string policy = page.header("content-security-policy").value_or("");
  for (const std::string tag : {"style", "script"}) {
    const std::size_t begin = page.body.find("<" + tag + ">") + tag.size() + 2;
    const std::size_t end = page.body.find("</" + tag + ">", begin);
    ASSERT_NE(end, std::string::npos);
    const std::string hash = source_hash(folder, page.body.substr(begin, end - begin));
    EXPECT_NE(policy.find(tag + "-src " + hash + ";"), std::string::npos) << policy << hash;
  }
}

TEST(AdminPage, KnowsThatItHasToAskForTheToken) {
  const TemporaryFolder folder;
  const ServerProcess server(
      {"--workers", "1", "--admin-token", folder.write("token", "a-token-of-the-test-1")});
  const Reply page = get(server.admin_url(), "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find(R"(data-token="needed")"), std::string::npos);
  EXPECT_EQ(page.body.find("a-token-of-the-test-1"), std::string::npos);
}

TEST(AdminEvents, TellTheStateOnceASecond) {
  const ServerProcess server({"--workers", "2"});
  Events events(server.admin_url());
  const std::string head = events.head();
  EXPECT_NE(head.find("200 OK"), std::string::npos);
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(head.find("Cache-Control: no-store"), std::string::npos);
  const Json details = events.next("details");
  EXPECT_EQ(details["listeners"], Json::array({server.url()}));
  EXPECT_EQ(details["master_pid"], server.pid());
  const Json first = events.next("state");
  EXPECT_EQ(first["state"], "running");
  EXPECT_EQ(first["may_command"], false);
  ASSERT_EQ(first["workers"].size(), 2u);
  EXPECT_EQ(first["workers"][1]["pid"], server.worker_pid(1));
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
  const Json second = events.next("state");
  const int passed_ms = second["now"].get<int>() - first["now"].get<int>();
  EXPECT_GE(passed_ms, 990);
  EXPECT_EQ(second["totals"]["requests"], 1);
}

TEST(AdminEvents, TellOfDeathsAndReloads) {
  ServerProcess server({"--workers", "1"});
  Events events(server.admin_url());
  EXPECT_EQ(events.next("details")["last_words"], Json::array());
  ::kill(server.worker_pid(0), SIGKILL);
  const Json details = events.next("details");
  ASSERT_EQ(details["last_words"].size(), 1u);
  EXPECT_EQ(details["last_words"][0].value("signal", 0), SIGKILL) << details["last_words"];
  // The observer is replaced too: who listened is to come again.
  server.send_signal(SIGHUP);
  EXPECT_TRUE(events.ends_well());
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  Events again(server.admin_url());
  const Json history = again.next("details")["reload_history"];
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0]["outcome"], "done");
}

TEST(AdminEvents, AreForSixteenAtATimeAndHoldNobodyElseUp) {
  const ServerProcess server({"--workers", "1", "--limit-concurrency", "1"});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 16; ++i) {
    silent.push_back(std::make_unique<Client>(server.admin_url(), kPatience, 1));
    silent.back()->send(get_request("/events"));
    ASSERT_TRUE(silent.back()->is_readable_within(kPatience));
  }
  const Reply refused = get(server.admin_url(), "/events");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "5");
  EXPECT_EQ(get(server.admin_url(), "/stats").status, 200);
  silent.pop_back();
  EXPECT_TRUE(wait_until([&] {
    Client client(server.admin_url());
    client.send(get_request("/events"));
    return client.receive_without_body().status == 200;
  }));
}

TEST(AdminEvents, DoNotOutlastTheServer) {
  ServerProcess server({"--workers", "1", "--timeout-request", "100ms"});
  Events events(server.admin_url());
  static_cast<void>(events.next("state"));
  EXPECT_FALSE(events.next("state").is_null());
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_TRUE(events.ends_well());
}

}  // namespace
}  // namespace prefork::test
