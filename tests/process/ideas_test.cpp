// The examples in tests/apps/ideas/, each used as its first lines say: processes, threads, and what
// they share.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

constexpr std::size_t kWorkers = 4;

// "process 17" of "process 17: ..." and of "process 17 ...".
std::string process_in(const std::string& text) {
  return text.substr(0, text.find_first_of(": ", std::string("process ").size()));
}

class Ideas : public testing::Test {
 protected:
  void start(const std::string& name, const std::vector<std::string>& more = {},
             std::size_t workers = kWorkers) {
    Launch launch = launch_of({test_app(name), "--workers", std::to_string(workers)});
    launch.arguments.insert(launch.arguments.end(), more.begin(), more.end());
    launch.environment["ONE_LOG"] = log_;
    server_ = std::make_unique<ServerProcess>(std::move(launch));
  }

  // On connections that stay open.
  void begin(const std::vector<std::string>& paths) {
    clients_.clear();
    for (const std::string& path : paths) {
      clients_.push_back(std::make_unique<Client>(server_->url()));
      clients_.back()->send(get_request(path));
    }
  }
  std::vector<std::string> answers() {
    std::vector<std::string> answers;
    for (const auto& client : clients_) {
      answers.push_back(client->receive().body);
    }
    return answers;
  }
  std::vector<std::string> ask(std::size_t times, const std::string& path) {
    begin(std::vector(times, path));
    return answers();
  }
  // Who takes a connection is whoever is free; so more are made until each worker has one. What
  // this path answers begins with the process.
  void ask_until_each_worker_answered(const std::string& path) {
    std::set<std::string> processes;
    clients_.clear();
    EXPECT_TRUE(wait_until([&] {
      clients_.push_back(std::make_unique<Client>(server_->url()));
      processes.insert(process_in(clients_.back()->get(path).body));
      return processes.size() == kWorkers;
    }));
  }
  std::string ask(const std::string& path) { return get(server_->url(), path).body; }

  TemporaryFolder folder_;
  const std::string log_ = folder_.path() + "/one.log";
  std::unique_ptr<ServerProcess> server_;
  std::vector<std::unique_ptr<Client>> clients_;
};

// The number behind these words.
long number_after(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  return at == std::string::npos ? -1 : std::stol(text.substr(at + words.size()));
}

std::size_t different(const std::vector<std::string>& texts) {
  return std::set<std::string>(texts.begin(), texts.end()).size();
}

TEST_F(Ideas, FourProcessesCountToFortyThousandAndLoseSomeWithoutALock) {
  start("count");
  const auto texts = ask(kWorkers, "/count");
  EXPECT_GE(different(texts), 2U) << "a busy process leaves its connection to another one";
  for (const std::string& text : texts) {
    EXPECT_EQ(number_after(text, "under the mutex "), 40'000) << text;
    EXPECT_EQ(number_after(text, "in one step "), 40'000) << text;
    EXPECT_LT(number_after(text, "without a lock "), 40'000) << text;
    EXPECT_GE(number_after(text, "without a lock "), 1) << text;
  }
}

TEST_F(Ideas, AConsumerStopsAtTheEndMarkOfItsProducer) {
  start("end_mark");
  begin({"/consume", "/produce/1000"});
  EXPECT_EQ(answers(), (std::vector<std::string>{"consumed 1000 numbers, their sum is 500500\n",
                                                 "produced 1000 numbers and the end mark\n"}));
}

TEST_F(Ideas, APoolMapsAListInOrderWhoeverDoesTheItems) {
  start("pool_map");
  const std::string text = ask("/squares/12");
  EXPECT_TRUE(text.starts_with("1 4 9 16 25 36 49 64 81 100 121 144 by ")) << text;
  EXPECT_GE(number_after(text, "by "), 1) << text;
  EXPECT_EQ(ask("/squares/1").find("1 by 1 process"), 0U);
}

TEST_F(Ideas, APipeEndsWhenItsWriterIsDeadAndNobodyElseCanWrite) {
  start("pipe");
  EXPECT_EQ(ask("/pipe"),
            "one\ntwo\n"
            "no end: this process itself could still write\n"
            "the end: nobody can write any more\n");
}

TEST_F(Ideas, ASemaphoreLetsThreeIn) {
  start("semaphore");
  for (const std::string& text : ask(9, "/use")) {
    EXPECT_GE(number_after(text, "unit "), 0) << text;
    EXPECT_LE(number_after(text, "unit "), 2) << text;
    EXPECT_GE(number_after(text, "inside: "), 1) << text;
    EXPECT_LE(number_after(text, "inside: "), 3) << text;
  }
}

TEST_F(Ideas, AnEventReleasesAllWhoWait) {
  start("event");
  begin(std::vector<std::string>(3, "/wait"));
  ASSERT_TRUE(server_->wait_for_statistics([](const Json& report) {
    return !report["shared"].empty() && report["shared"][0].value("waiters", 0) == 3;
  }));
  EXPECT_EQ(ask("/start"), "started\n");
  for (const std::string& text : answers()) {
    EXPECT_NE(text.find(" was released\n"), std::string::npos) << text;
  }
  EXPECT_NE(ask("/wait").find(" was released\n"), std::string::npos) << "later ones do not wait";
}

TEST_F(Ideas, TwoOrdersOfTwoLocksMeetAndOneOrderDoesNot) {
  start("lock_order");
  begin({"/move/a/b", "/move/b/a"});
  const auto texts = answers();
  EXPECT_NE(std::count(texts.begin(), texts.end(), "gave up: the other one has the second lock\n"),
            0);
  begin({"/move-in-order/a/b", "/move-in-order/b/a"});
  EXPECT_EQ(answers(), std::vector<std::string>(2, "moved\n"));
}

TEST_F(Ideas, TwoOrdersOfTwoLocksAreNamedBeforeTheyMeet) {
  if (!is_debug_build()) {
    GTEST_SKIP() << "only debug builds watch the order of locks";
  }
  start("lock_order", {}, 1);
  begin({"/move/a/b", "/move/b/a"});
  answers();
  EXPECT_TRUE(server_->has_logged({"warning", "GET /move/{from}/{to} takes mutex 'account_"}));
}

TEST_F(Ideas, WhatOneWorkerChangesOfTheMemoryOfAllTheOthersDoNotSee) {
  start("copy_on_write", {"--preload"});
  ask_until_each_worker_answered("/table");
  const std::string text = clients_.front()->get("/change").body;
  ASSERT_TRUE(text.starts_with("changed in process ")) << text;
  const std::string changed = text.substr(std::string("changed in ").size(), text.find('\n'));
  for (const auto& client : clients_) {
    const std::string answer = client->get("/table").body;
    EXPECT_EQ(number_after(answer, "the sum is "),
              process_in(answer) + "\n" == changed ? 2'000'000 : 1'000'000);
  }
}

TEST_F(Ideas, AllWriteOneLogAndNoLineIsMixed) {
  start("one_log", {"--preload"});
  ask(2 * kWorkers, "/log/500");
  std::map<std::string, int> lines;
  std::ifstream log(log_);
  for (std::string line; std::getline(log, line);) {
    ++lines[line];
  }
  EXPECT_GE(lines.size(), 2U) << "one kind of line from each process";
  int all = 0;
  for (const auto& [line, times] : lines) {
    EXPECT_TRUE(line.ends_with(" has written this line")) << line;
    EXPECT_EQ(times % 500, 0) << line;
    all += times;
  }
  EXPECT_EQ(all, 2 * kWorkers * 500);
}

TEST_F(Ideas, WhoComesAfterADeadOwnerIsToldAndRepairs) {
  start("owner_died");
  EXPECT_EQ(ask("/look"), "all is well\n");
  EXPECT_EQ(ask("/move-and-die"), "");
  EXPECT_EQ(ask("/look"), "the owner died; 100 were on the way\n");
  EXPECT_EQ(ask("/look"), "all is well\n");
}

}  // namespace
}  // namespace prefork::test
