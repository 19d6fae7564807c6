// What workers share and wait for: locks, queues, maps, across processes that come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

std::string request_for(const std::string& method, const std::string& path) {
  return method + " " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";
}

std::string post_to(const std::string& url, const std::string& path) {
  Client client(url);
  client.send(request_for("POST", path));
  return client.receive().body;
}

// What the answer will be; the request is on its way.
std::future<std::string> begin_post(const std::string& url, const std::string& path) {
  return std::async(std::launch::async, [url, path] { return post_to(url, path); });
}

// The things in /stats by name.
Json shared_of(const Json& statistics, const std::string& name) {
  for (const Json& thing : statistics["shared"]) {
    if (thing["name"] == name) {
      return thing;
    }
  }
  return nullptr;
}

class Sharing : public testing::Test {
 protected:
  explicit Sharing(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {test_app("together"), "--workers", "4", "--threads", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(arguments);
  }

  [[nodiscard]] const std::string& url() const { return server_->url(); }
  bool wait_for(const std::string& name, const std::string& field, const Json& value) {
    return server_->wait_for_statistics([&](const Json& statistics) {
      const Json thing = shared_of(statistics, name);
      return thing.is_object() && thing.value(field, Json()) == value;
    });
  }
  // Each on a connection of its own to each of the workers.
  std::set<std::string> post_to_each_worker(const std::string& path) {
    std::map<std::string, std::unique_ptr<Client>> clients;
    std::vector<std::unique_ptr<Client>> others;
    EXPECT_TRUE(wait_until([&] {
      auto client = std::make_unique<Client>(url());
      client->get("/pid");  // after it the connection goes where it belongs
      const std::string pid = client->get("/pid").body;
      if (!clients.emplace(pid, std::move(client)).second) {
        others.push_back(std::make_unique<Client>(url()));  // so that it is another one's turn
      }
      return clients.size() == 4;
    }));
    for (auto& [pid, client] : clients) {
      client->send(request_for("POST", path));
    }
    std::set<std::string> pids;
    for (auto& [pid, client] : clients) {
      pids.insert(client->receive().body);
    }
    return pids;
  }

  std::unique_ptr<ServerProcess> server_;
};

class SharingPreloaded : public Sharing {
 protected:
  SharingPreloaded() : Sharing({"--preload"}) {}
};

TEST_F(Sharing, FourProcessesCountTenThousandEachUnderOneMutex) {
  EXPECT_EQ(post_to_each_worker("/counted/10000").size(), 4U);
  EXPECT_EQ(get(url(), "/counts/under%20the%20mutex").body, "40000");
}

TEST_F(SharingPreloaded, FourProcessesFromOneForkServerCountUnderOneMutex) {
  EXPECT_EQ(post_to_each_worker("/counted/1000").size(), 4U);
  EXPECT_EQ(get(url(), "/counts/under%20the%20mutex").body, "4000");
}

TEST_F(Sharing, ProducersAndConsumersPassNumbersUntilTheEndMark) {
  std::vector<std::future<std::string>> consumers;
  std::vector<std::future<std::string>> producers;
  for (int i = 0; i < 2; ++i) {
    consumers.push_back(begin_post(url(), "/consume"));
    producers.push_back(begin_post(url(), "/produce/500"));
  }
  long sum = 0;
  for (auto& consumer : consumers) {
    sum += std::stol(consumer.get());
  }
  for (auto& producer : producers) {
    EXPECT_EQ(producer.get(), "done");
  }
  // A consumer that has had its end mark leaves the rest to the other, which ends at the second.
  const std::string left = std::to_string(2 * 500 * 501 / 2 - sum);
  EXPECT_EQ(left, "0");
}

TEST_F(Sharing, ThreeHaveAUnitUntilTheEventReleasesAll) {
  std::vector<std::future<std::string>> holders;
  for (int i = 0; i < 3; ++i) {
    holders.push_back(begin_post(url(), "/hold-unit"));
  }
  ASSERT_TRUE(wait_for("three", "taken", 3));
  ASSERT_TRUE(wait_for("go", "waiters", 3));
  EXPECT_EQ(get(url(), "/try-unit").body, "timed out");
  EXPECT_EQ(post_to(url(), "/go"), "gone");
  std::set<std::string> units;
  for (auto& holder : holders) {
    units.insert(holder.get());
  }
  EXPECT_EQ(units, (std::set<std::string>{"0", "1", "2"}));
  EXPECT_EQ(get(url(), "/try-unit").body, "done");
}

TEST_F(Sharing, WhoIsKilledWithAMutexIsToldToTheNextAndTheUnitsOfADeadWorkerComeBack) {
  auto holder = begin_post(url(), "/hold-unit");
  ASSERT_TRUE(wait_for("three", "taken", 1));
  const Json held = shared_of(server_->statistics(), "three");
  ASSERT_EQ(::kill(held["holders"][0].get<pid_t>(), SIGKILL), 0);
  holder.wait();
  EXPECT_TRUE(wait_for("three", "taken", 0));
  begin_post(url(), "/die-with-it").wait();
  EXPECT_EQ(post_to(url(), "/lock"), "the owner died");
  EXPECT_EQ(post_to(url(), "/lock"), "done");
}

TEST_F(Sharing, WaitingOnTheEventLoopIsRefusedByName) {
  EXPECT_EQ(get(url(), "/wait-on-the-loop/0").body, "timed out") << "trying is allowed";
  EXPECT_EQ(get(url(), "/wait-on-the-loop/1").body, "refused");
  EXPECT_TRUE(server_->has_logged(
      {"error", "GET /wait-on-the-loop/{ms} wanted to wait for the event 'go'"}));
}

TEST_F(Sharing, LocksThatAreTakenInDifferentOrdersAreNamedBeforeTheyEverMeet) {
  if (!is_debug_build()) {
    GTEST_SKIP() << "only debug builds watch the order of locks";
  }
  Client client(url());
  client.send(request_for("POST", "/transfer"));
  EXPECT_EQ(client.receive().body, "done");
  client.send(request_for("POST", "/transfer-back"));
  EXPECT_EQ(client.receive().body, "done");
  EXPECT_TRUE(server_->has_logged(
      {"warning",
       "POST /transfer-back takes mutex 'from' while it has mutex 'to'; POST /transfer "
       "takes mutex 'to' while it has mutex 'from'"}));
}

TEST_F(Sharing, ARateLimitIsOneForAllWorkers) {
  int sent = 0;
  for (int i = 0; i < 12; ++i) {
    sent += post_to(url(), "/mail") == "sent" ? 1 : 0;
  }
  EXPECT_EQ(sent, 5);
}

TEST_F(Sharing, StateOutlivesWorkersAndReloads) {
  EXPECT_EQ(get(url(), "/set-ups").body, "1");
  post_to(url(), "/counted/3");
  server_->send_signal(SIGHUP);
  ASSERT_TRUE(server_->wait_for_statistics([](const Json& statistics) {
    return statistics["server"]["generation"] == 2 && statistics["server"]["state"] == "running";
  }));
  EXPECT_EQ(get(url(), "/set-ups").body, "1") << "once is once";
  post_to(url(), "/counted/3");
  EXPECT_EQ(get(url(), "/counts/under%20the%20mutex").body, "6");
}

TEST_F(Sharing, TwoMeetAtABarrierWhereverTheyAre) {
  auto one = begin_post(url(), "/meet");
  auto other = begin_post(url(), "/meet");
  EXPECT_EQ(one.get(), "done");
  EXPECT_EQ(other.get(), "done");
}

TEST_F(Sharing, ACopyOfAWorkerThatComesBackFromASubscriberEnds) {
  const std::size_t processes = processes_of_group(server_->pid()).size();
  EXPECT_EQ(post_to(url(), "/tell/fork"), "told");
  const std::string worker = std::to_string(server_->worker_pid(0));
  EXPECT_TRUE(wait_until([&] { return get(url(), "/heard/" + worker).body == "[fork]"; }));
  EXPECT_TRUE(wait_until([&] { return processes_of_group(server_->pid()).size() == processes; }));
  EXPECT_EQ(server_->stop(), exit_code(0));
}

TEST_F(Sharing, WhatOneWorkerPublishesAllOfThemHear) {
  const auto all_have_heard = [this](const std::string& text) {
    const auto pids = server_->worker_pids();
    return wait_until([&] {
      return std::all_of(pids.begin(), pids.end(), [&](const auto& worker) {
        return get(url(), "/heard/" + std::to_string(worker.second)).body == text;
      });
    });
  };
  EXPECT_EQ(post_to(url(), "/tell/hello"), "told");
  EXPECT_TRUE(all_have_heard("[hello]"));
  EXPECT_EQ(post_to(url(), "/tell/throw"), "told");
  EXPECT_TRUE(all_have_heard("[hello][throw]"));
  EXPECT_TRUE(server_->has_logged({"a subscriber of a topic threw: as it was told"}));
  EXPECT_EQ(post_to(url(), "/tell/again"), "told");
  EXPECT_TRUE(all_have_heard("[hello][throw][again]"));
  EXPECT_EQ(post_to(url(), "/tell/more%20than%20sixteen"), "not told");
  EXPECT_TRUE(wait_for("news", "published", 3));
  EXPECT_TRUE(wait_for("news", "lost", 0));

  // Who comes later hears what comes later.
  const pid_t before = server_->worker_pid(2);
  ::kill(before, SIGKILL);
  ASSERT_TRUE(wait_until([&] {
    const auto pids = server_->worker_pids();
    return pids.size() == 4 && pids.at(2) != before;
  }));
  EXPECT_EQ(post_to(url(), "/tell/anew"), "told");
  const std::string successor = std::to_string(server_->worker_pid(2));
  EXPECT_TRUE(wait_until([&] { return get(url(), "/heard/" + successor).body == "[anew]"; }));
  EXPECT_EQ(server_->stop(), exit_code(0));
}

TEST(SharingDeclared, WithOtherSizesThanBeforeTheReloadIsRefusedAndTheOldOneGoesOn) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/app.so";
  std::filesystem::copy_file(test_app("together"), path);
  ServerProcess server({path, "--workers", "1"});
  std::filesystem::copy_file(test_app("together_resized"), folder.path() + "/next.so");
  std::filesystem::rename(folder.path() + "/next.so", path);
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged(
      {"was given up",
       "queue 'numbers': declared as a queue of 32 pieces of at most 8 bytes, but "
       "the server has a queue of 16 pieces of at most 8 bytes of that name"}));
  EXPECT_EQ(get(server.url(), "/set-ups").body, "1");
}

TEST(SharingDeclared, BadlyIsRefusedWithItsName) {
  Launch launch = launch_of({test_app("together"), "--port", "0", "--admin", "off"});
  launch.environment["TEST_APP_BAD_QUEUE"] = "1";
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find("queue 'bad': the pieces must be 1 to 65536"), std::string::npos)
      << run.err;
}

}  // namespace
}  // namespace prefork::test
