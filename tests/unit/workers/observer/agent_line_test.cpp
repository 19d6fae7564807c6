#include "workers/observer/agent_line.h"

#include <gtest/gtest.h>

namespace prefork::observer {
namespace {

class AgentLine : public testing::Test {
 protected:
  AgentLine() {
    options_.processes.workers = 2;
    snapshot_.now_ns = 100'000'000'000;
    snapshot_.server.state = ipc::ServerState::running;
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
      WorkerSnapshot worker;
      worker.slot = slot;
      worker.state = ipc::ProcessState::ready;
      worker.is_accepting = true;
      worker.beat_ns = snapshot_.now_ns;
      snapshot_.workers.push_back(worker);
    }
  }

  void set(std::size_t worker, ipc::Gauge gauge, std::uint64_t value) {
    snapshot_.workers[worker].numbers.gauges[static_cast<std::size_t>(gauge)] = value;
  }
  [[nodiscard]] std::string line() const { return agent_line(snapshot_, options_, true); }

  config::Options options_;
  StatsSnapshot snapshot_;
};

TEST_F(AgentLine, OfAServerWithNothingToDoIsAllOfIt) { EXPECT_EQ(line(), "up ready 100%\n"); }

TEST_F(AgentLine, IsLessWhereAWorkerIsMissing) {
  snapshot_.workers[1].state = ipc::ProcessState::starting;
  EXPECT_EQ(line(), "up ready 50%\n");
  snapshot_.workers.pop_back();
  EXPECT_EQ(line(), "up ready 50%\n");
}

TEST_F(AgentLine, IsLessNearALimit) {
  options_.limits.concurrency = 100;
  set(0, ipc::Gauge::requests_in_progress, 50);
  EXPECT_EQ(line(), "up ready 75%\n");
  options_.limits.queue = 10;
  set(1, ipc::Gauge::pool_queued, 9);
  EXPECT_EQ(line(), "up ready 30%\n");
  set(0, ipc::Gauge::connections_active, options_.limits.connections);
  set(1, ipc::Gauge::requests_in_progress, 1'000);
  EXPECT_EQ(line(), "up ready 1%\n") << "none would be a drain";
}

// Successors run beside those that they replace.
TEST_F(AgentLine, IsNeverMoreThanAll) {
  snapshot_.workers.push_back(snapshot_.workers[0]);
  EXPECT_EQ(line(), "up ready 100%\n");
}

TEST_F(AgentLine, SaysWhyNobodyShallCome) {
  snapshot_.workers[1].beat_ns = snapshot_.now_ns - 60'000'000'000;
  EXPECT_EQ(line(), "up ready 50%\n") << "one of them hangs";
  snapshot_.workers[0].beat_ns = 0;
  EXPECT_EQ(line(), "down#all workers hang\n");
  snapshot_.workers.clear();
  EXPECT_EQ(line(), "down#no worker is ready\n");
  snapshot_.server.state = ipc::ServerState::starting;
  EXPECT_EQ(line(), "down#the server starts\n");
  snapshot_.server.state = ipc::ServerState::stopping;
  EXPECT_EQ(line(), "drain\n");
  EXPECT_EQ(agent_line(snapshot_, options_, false), "down#the master gives no sign of life\n");
}

}  // namespace
}  // namespace prefork::observer
