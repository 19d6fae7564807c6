// The examples in tests/apps/, each used as its first lines say.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

Reply ask(Client& client, const std::string& method, const std::string& path,
          const std::string& body = "") {
  client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.receive();
}

// --- items ---------------------------------------------------------------------------------------

class ItemsExample : public testing::Test {
 protected:
  void SetUp() override {
    if (!exists(test_app("items"))) {
      GTEST_SKIP() << "built without SQLite";
    }
    Launch launch = launch_of({test_app("items"), "--workers", "3", "--threads", "4"});
    launch.environment["ITEMS_DATABASE"] = folder_ / "items.db";
    server_ = std::make_unique<ServerProcess>(std::move(launch));
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(ItemsExample, KeepsWhatItWasGiven) {
  Client client(server_->url());
  const Reply made = ask(client, "POST", "/items", R"({"name":"tea \u00e9","count":3})");
  EXPECT_EQ(made.status, 201) << made;
  const std::string location = made.header("Location").value_or("");
  EXPECT_EQ(location, "/items/1");
  const Json expected = {{"id", 1}, {"name", "tea \u00e9"}, {"count", 3}};
  EXPECT_EQ(Json::parse(made.body), expected);
  EXPECT_EQ(Json::parse(client.get(location).body), expected);
  EXPECT_EQ(Json::parse(client.get("/items").body), Json::array({expected}));

  EXPECT_EQ(ask(client, "DELETE", location).status, 204);
  EXPECT_EQ(client.get(location).status, 404);
  EXPECT_EQ(ask(client, "DELETE", location).status, 404);
  EXPECT_EQ(client.get("/items").body, "[]");
}

TEST_F(ItemsExample, RefusesWhatIsNoItem) {
  Client client(server_->url());
  for (const char* body : {"", "{", "[]", "7", "{}", R"({"name":7})", R"({"name":"x","count":"y"})",
                           R"({"name":"x","count":1.5})", "{\"name\":\"\xff\"}"}) {
    const Reply reply = ask(client, "POST", "/items", body);
    EXPECT_EQ(reply.status, 400) << body << "\n" << reply;
    EXPECT_EQ(reply.header("Content-Type"), "application/json");
  }
  EXPECT_EQ(client.get("/items/none").status, 404);
  EXPECT_EQ(client.get("/items").body, "[]");
  EXPECT_EQ(ask(client, "PUT", "/items").status, 405);
}

TEST_F(ItemsExample, CountsWhatManyWriteAtOnceOverSeveralWorkers) {
  constexpr int kClients = 12;
  constexpr int kEach = 25;
  std::atomic<int> made{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Client client(server_->url());
      for (int j = 0; j < kEach; ++j) {
        const std::string name = std::to_string(i) + "/" + std::to_string(j);
        made += ask(client, "POST", "/items", "{\"name\":\"" + name + "\"}").status == 201 ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(made, kClients * kEach);
  const Json items = Json::parse(get(server_->url(), "/items").body);
  std::set<std::string> names;
  for (const Json& item : items) {
    names.insert(item["name"].get<std::string>());
  }
  EXPECT_EQ(items.size(), static_cast<std::size_t>(kClients * kEach));
  EXPECT_EQ(names.size(), items.size());
  for (const Json& worker : server_->statistics()["workers"]) {
    EXPECT_GE(worker["requests"].get<int>(), kEach) << "every worker had its part";
  }
}

// --- events --------------------------------------------------------------------------------------

class EventsExample : public testing::Test {
 protected:
  // Listens; returns when the answer has begun.
  std::unique_ptr<Client> listener() {
    auto client = std::make_unique<Client>(server_.url());
    client->send("GET /events HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    const Reply head = client->receive_without_body();
    EXPECT_EQ(head.status, 200) << head;
    EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
    return client;
  }

  [[nodiscard]] bool has_listeners(int count) const {
    return wait_until(
        [&] { return get(server_.url(), "/listeners").body == std::to_string(count) + "\n"; });
  }

  ServerProcess server_{{test_app("events"), "--workers", "1"}};
};

TEST_F(EventsExample, ReachEverybodyWhoListens) {
  const auto first = listener();
  const auto second = listener();
  ASSERT_TRUE(has_listeners(2));
  Client publisher(server_.url());
  EXPECT_EQ(ask(publisher, "POST", "/publish", "hello\nyou").status, 204);
  server_.send_signal(SIGTERM);
  for (Client* client : {first.get(), second.get()}) {
    const std::string all = client->receive_to_the_end();
    EXPECT_NE(all.find("data: hello\ndata: you\n\n"), std::string::npos) << all;
  }
}

TEST_F(EventsExample, ForgetWhoHasLeft) {
  auto staying = listener();
  auto leaving = listener();
  auto resetting = listener();
  ASSERT_TRUE(has_listeners(3));
  leaving->close();
  resetting->abort();
  EXPECT_TRUE(has_listeners(1));
  staying.reset();
  EXPECT_TRUE(has_listeners(0));
}

TEST_F(EventsExample, DropWhoDoesNotReadAndServeTheOthers) {
  Client slow(server_.url(), kPatience, 4096);
  slow.send(get_request("/events"));
  ASSERT_TRUE(has_listeners(1));
  const std::string large(500'000, 'e');
  Client publisher(server_.url());
  EXPECT_TRUE(wait_until([&] {
    ask(publisher, "POST", "/publish", large);
    return get(server_.url(), "/listeners").body == "0\n";
  }));
}

TEST_F(EventsExample, DoNotHoldUpAStopOrAReload) {
  const auto first = listener();
  ASSERT_TRUE(has_listeners(1));
  server_.send_signal(SIGHUP);
  EXPECT_TRUE(first->receive_to_the_end().ends_with("0\r\n\r\n")) << "ended as it should";
  EXPECT_TRUE(server_.wait_for_workers(1));
  const auto second = listener();
  ASSERT_TRUE(has_listeners(1));
  const auto start = TestClock::now();
  EXPECT_EQ(server_.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), kASecond * 2);
  EXPECT_TRUE(second->receive_to_the_end().ends_with("0\r\n\r\n"));
}

// --- upload --------------------------------------------------------------------------------------

// Most memory that a process ever had, from its start.
std::size_t peak_memory_kib(pid_t pid) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

// What it says of a content of zeros, see RFC 1950.
std::string answer_for_zeros(std::uint64_t size) {
  const std::uint64_t sum = (size % 65'521) << 16 | 1;
  return "{\"bytes\":" + std::to_string(size) + ",\"adler32\":" + std::to_string(sum) + "}";
}

TEST(UploadExample, TakesAGibibyteInConstantMemory) {
  const std::uint64_t pieces = is_sanitized() || is_debug_build() ? 128 : 1024;
  const std::string piece(1 << 20, '\0');
  const std::uint64_t size = pieces * piece.size();
  const ServerProcess server({test_app("upload"), "--workers", "1"});
  Client client(server.url(), kPatience * 2);
  // What a first request needs is there before the comparison begins.
  EXPECT_EQ(ask(client, "POST", "/upload", piece).body, answer_for_zeros(piece.size()));

  const pid_t worker = server.worker_pid(0);
  const std::size_t before = peak_memory_kib(worker);
  ASSERT_GT(before, 0U);
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(size) +
              "\r\n\r\n");
  for (std::uint64_t i = 0; i < pieces; ++i) {
    ASSERT_TRUE(client.send(piece)) << client.problem();
  }
  EXPECT_EQ(client.receive().body, answer_for_zeros(size));
  // A sanitizer keeps for a while what was freed.
  if (!is_sanitized()) {
    EXPECT_LT(peak_memory_kib(worker), before + 16 * 1024);
  }
}

TEST(UploadExample, KnowsTheSumThatZlibKnows) {
  const ServerProcess server({test_app("upload"), "--workers", "1"});
  Client client(server.url());
  EXPECT_EQ(ask(client, "POST", "/upload", "Wikipedia").body, R"({"bytes":9,"adler32":300286872})");
  EXPECT_EQ(ask(client, "POST", "/upload", "").body, R"({"bytes":0,"adler32":1})");
}

// --- cpu -----------------------------------------------------------------------------------------

TEST(CpuExample, KeepsTheLoopFreeWhileThePoolComputes) {
  const ServerProcess server({test_app("cpu"), "--workers", "1", "--threads", "2"});
  std::array<Client, 2> computing{Client(server.url()), Client(server.url())};
  for (Client& client : computing) {
    client.send(get_request("/primes?below=2000000"));
  }
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["totals"]["pool"]["busy"] == 2; }));
  Client client(server.url());
  int answered = 0;
  while (computing[0].is_open_and_silent() && computing[1].is_open_and_silent()) {
    const Reply reply = client.get("/ping");
    ASSERT_EQ(reply.body, "pong\n") << reply;
    ++answered;
  }
  EXPECT_GT(answered, 20);
  for (Client& waiting : computing) {
    EXPECT_EQ(waiting.receive().body, "148933\n");
  }
  EXPECT_EQ(client.get("/primes?below=30").body, "10\n");
  EXPECT_EQ(client.get("/primes?below=many").status, 400);
}

}  // namespace
}  // namespace prefork::test
