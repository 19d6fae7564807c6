// Handlers of every kind under load while workers are killed and replaced: a request is lost only
// when it, or its connection, was with a worker at the moment that one was killed. The clients know
// who that was, because every answer names its worker.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "tests/support/processes.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

constexpr int kClients = 12;
constexpr int kWorkers = 4;
// Connections that may come to a worker between a look at it and its death.
constexpr int kMovedMeanwhile = 2;
constexpr std::array kKinds = {"pool", "loop", "deferred", "stream", "upload"};

// Who answered last on a connection. Nobody yet: it may be with any worker.
struct LastSeen {
  pid_t pid = 0;
  int generation = 0;
};

// A request that got no answer.
struct Loss {
  LastSeen seen;
  int current_generation = 0;   // at most, when it was lost
  TestClock::time_point since;  // when the last answered request of its connection was sent
  TestClock::time_point noticed;
  std::string problem;
};

struct Kill {
  pid_t pid = 0;
  TestClock::time_point before;
  TestClock::time_point gone;
  int held = 0;  // connections that were with it, or may have been
};

// Clients that ask for every kind in turn, each on a connection that it keeps as long as it can.
class Crowd {
 public:
  explicit Crowd(std::string url) : url_(std::move(url)), seen_(kClients) {
    for (std::size_t i = 0; i < kClients; ++i) {
      threads_.emplace_back([this, i] { run(i); });
    }
  }
  ~Crowd() { stop(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

  // Connections that this worker holds, or may hold: those that nobody has answered on yet, and
  // those of a worker that a reload may have made hand them on.
  int held_by(pid_t pid) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(seen_.begin(), seen_.end(), [&](const LastSeen& seen) {
      return seen.pid == pid || seen.pid == 0 || seen.generation < generation_;
    }));
  }

  // Before a reload: from now on every worker of an earlier generation may hand connections on.
  void expect_generation(int generation) { generation_ = generation; }

  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] const std::vector<Loss>& losses() const { return losses_; }
  [[nodiscard]] const std::vector<std::string>& wrong_answers() const { return wrong_; }

 private:
  void run(std::size_t index) {
    std::unique_ptr<Client> client;
    TestClock::time_point since;
    for (std::uint64_t number = 0; !stopping_; ++number) {
      const auto sent = TestClock::now();
      if (!client) {
        client = std::make_unique<Client>(url_);
        since = sent;
      }
      const std::string id = std::to_string(index) + "-" + std::to_string(number);
      client->send(request(kKinds[(index + number) % kKinds.size()], id));
      const Reply reply = client->receive();
      if (reply.status == 0) {
        lose(index, since, reply.problem);
        client.reset();
        continue;
      }
      since = sent;
      if (!take(index, id, reply) || reply.says_close()) {
        see(index, {});
        client.reset();
      }
      pause_for(Milliseconds{1});
    }
  }

  static std::string request(const std::string& kind, const std::string& id) {
    const std::string path = "/" + kind + "/" + id;
    if (kind != "upload") {
      return get_request(path);
    }
    const std::string content(20'000, 'u');
    return "POST " + path +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(content.size()) +
           "\r\n\r\n" + content;
  }

  // Whether it is the answer to that request.
  bool take(std::size_t index, const std::string& id, const Reply& reply) {
    std::istringstream words(reply.body);
    std::string answered_id;
    LastSeen seen;
    words >> answered_id >> seen.pid >> seen.generation;
    if (reply.status != 200 || answered_id != id || !words) {
      std::ostringstream text;
      text << "to request " << id << ": " << reply;
      const std::lock_guard lock(mutex_);
      wrong_.push_back(text.str());
      return false;
    }
    ++answered_;
    see(index, seen);
    return true;
  }

  void see(std::size_t index, LastSeen seen) {
    const std::lock_guard lock(mutex_);
    seen_[index] = seen;
  }

  void lose(std::size_t index, TestClock::time_point since, const std::string& problem) {
    const std::lock_guard lock(mutex_);
    losses_.push_back({seen_[index], generation_, since, TestClock::now(), problem});
    seen_[index] = {};
  }

  const std::string url_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> generation_{1};
  std::atomic<std::uint64_t> answered_{0};
  std::mutex mutex_;
  std::vector<LastSeen> seen_;      // guarded by mutex_
  std::vector<Loss> losses_;        // guarded by mutex_
  std::vector<std::string> wrong_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

// Connections are levelled out after each death and each reload: who has answered last on one need
// not be who has it.
bool explains(const Kill& kill, const Loss& loss) {
  return kill.before <= loss.noticed && loss.since <= kill.gone;
}

std::string describe(const Loss& loss) {
  return "lost on a connection of worker " + std::to_string(loss.seen.pid) + " (generation " +
         std::to_string(loss.seen.generation) + " of " + std::to_string(loss.current_generation) +
         "): " + loss.problem;
}

class EveryKindOfHandler : public testing::Test {
 protected:
  // One of those that are ready, whatever generation it is of.
  void kill_one() {
    const auto pids = server_.worker_pids();
    if (pids.empty()) {
      return;
    }
    auto victim = pids.begin();
    std::advance(victim, static_cast<long>(random_() % pids.size()));
    Kill kill;
    kill.pid = victim->second;
    const int counted = connections_of(kill.pid);
    kill.before = TestClock::now();
    kill.held = std::max(crowd_.held_by(kill.pid), counted + kMovedMeanwhile);
    if (::kill(kill.pid, SIGKILL) == 0) {
      EXPECT_TRUE(wait_until([&] { return !is_running(kill.pid); }));
      kill.gone = TestClock::now();
      kills_.push_back(kill);
    }
  }

  // As the server counts them.
  int connections_of(pid_t pid) {
    const Json report = server_.statistics();
    for (const Json& worker : report["workers"]) {
      if (worker["pid"] == pid) {
        return worker["connections"]["active"];
      }
    }
    return 0;
  }

  void reload() {
    crowd_.expect_generation(++generation_);
    server_.send_signal(SIGHUP);
  }

  ServerProcess server_{{test_app("kinds"), "--workers", std::to_string(kWorkers)}};
  Crowd crowd_{server_.url()};
  std::mt19937 random_{20261121};
  std::vector<Kill> kills_;
  int generation_ = 1;
};

TEST_F(EveryKindOfHandler, LosesOnlyWhatWasWithAKilledWorker) {
  ASSERT_TRUE(wait_until([&] { return crowd_.answered() > 200; }));
  const Deadline deadline(Milliseconds{5000});
  const Deadline patience(kPatience);
  const auto is_enough = [&] { return kills_.size() > 10U && generation_ > 3; };
  while (!deadline.has_passed() || !(is_enough() || patience.has_passed())) {
    if (random_() % 4 == 0) {
      reload();
    }
    kill_one();
    pause_for(Milliseconds{100 + random_() % 300});
  }
  EXPECT_TRUE(is_enough()) << kills_.size() << " kills, generation " << generation_;
  EXPECT_TRUE(server_.wait_for_workers(kWorkers, kASecond * 20)) << server_.statistics();
  const std::uint64_t goal = crowd_.answered() + 300;
  EXPECT_TRUE(wait_until([&] { return crowd_.answered() >= goal; }));
  crowd_.stop();

  for (const std::string& wrong : crowd_.wrong_answers()) {
    ADD_FAILURE() << wrong;
  }
  for (const Loss& loss : crowd_.losses()) {
    EXPECT_TRUE(std::any_of(kills_.begin(), kills_.end(), [&](const Kill& kill) {
      return explains(kill, loss);
    })) << describe(loss);
    EXPECT_EQ(loss.problem.find("in time"), std::string::npos) << describe(loss);
    EXPECT_EQ(loss.problem.find("cannot connect"), std::string::npos) << describe(loss);
  }
  std::size_t held = 0;
  for (const Kill& kill : kills_) {
    held += static_cast<std::size_t>(kill.held);
  }
  EXPECT_LE(crowd_.losses().size(), held);
  EXPECT_GT(crowd_.losses().size(), 0U) << "the kills hit nothing: the test says nothing";

  ASSERT_TRUE(server_.wait_for_statistics([](const Json& report) {
    return report["totals"]["connections"]["active"] == 0 &&
           report["totals"]["pool"]["in_progress"] == 0;
  })) << server_.statistics()["totals"];
  const std::uint64_t requests = server_.statistics()["totals"]["requests"].get<std::uint64_t>();
  EXPECT_GE(requests, crowd_.answered());
  EXPECT_LE(requests, crowd_.answered() + crowd_.losses().size());
  EXPECT_TRUE(no_zombie_stays(server_.pid()));
  RecordProperty("kills", static_cast<int>(kills_.size()));
  RecordProperty("answered", static_cast<int>(crowd_.answered()));
  RecordProperty("lost", static_cast<int>(crowd_.losses().size()));
  RecordProperty("held", static_cast<int>(held));
  EXPECT_EQ(server_.stop(), exit_code(0));
  EXPECT_TRUE(no_process_left(server_.pid()));
}

TEST_F(EveryKindOfHandler, LosesNothingInReloadsAlone) {
  ASSERT_TRUE(wait_until([&] { return crowd_.answered() > 200; }));
  for (int i = 0; i < 5; ++i) {
    reload();
    ASSERT_TRUE(server_.wait_for_statistics([&](const Json& report) {
      return report["server"]["generation"] == generation_ && report["workers"].size() == kWorkers;
    }));
  }
  crowd_.stop();
  for (const std::string& wrong : crowd_.wrong_answers()) {
    ADD_FAILURE() << wrong;
  }
  for (const Loss& loss : crowd_.losses()) {
    ADD_FAILURE() << describe(loss);
  }
  EXPECT_EQ(server_.stop(), exit_code(0));
}

}  // namespace
}  // namespace prefork::test
