#include "workers/master/pending_commands.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/workers/master/plans_support.h"
#include "workers/master/narrator.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using ipc::CommandKind;

// The parts of a master with two workers that serve, of three possible ones, and what its observer
// would be told: "id verdict text".
class PendingCommandsTest : public ::testing::Test {
 protected:
  PendingCommandsTest()
      : reloader_(
            {"--admin", "off", "--workers", "2", "--control", "off", "--log-file", log_.path()}, {},
            [](config::LogLevel, std::string_view) {}) {
    report(supervision::event::Started{});
    for (const std::uint32_t slot : {0U, 1U}) {
      arrive({slot, 0});
    }
  }

  static supervision::Settings settings() {
    supervision::Settings settings;
    settings.workers = 2;
    settings.capacity = 3;
    settings.observer = false;
    return settings;
  }

  void report(const supervision::Event& event) {
    for (const supervision::Action& action : supervisor_.on(event, now_)) {
      if (const auto* notice = std::get_if<supervision::action::Notice>(&action)) {
        pending_.note(*notice, "worker 9 could not boot");
      } else if (const auto* spawn = std::get_if<supervision::action::Spawn>(&action)) {
        report(supervision::event::Forked{spawn->at, pid_of(spawn->at)});
      }
    }
  }
  static supervision::Pid pid_of(ipc::Place at) {
    return static_cast<supervision::Pid>(300 + at.slot * 2 + at.seat);
  }
  void arrive(ipc::Place at) {
    report(supervision::event::Ready{at, supervisor_.seat(at).epoch});
    pending_.settle();
  }
  void leave(ipc::Place at, int code = 0) {
    report(supervision::event::Exited{pid_of(at), {code, 0, false}});
    pending_.settle();
  }
  void order(CommandKind kind, std::uint32_t argument = 0) {
    pending_.take(kObserver, {++last_id_, kind, argument, 4711});
    pending_.settle();
  }
  Texts answers() { return std::exchange(answers_, {}); }

  static constexpr ipc::Place kObserver{3, 0};
  supervision::TimePoint now_{1000s};
  ReadableLog log_;
  ipc::Segment segment_{3};
  Publisher publisher_{segment_};
  supervision::Supervisor supervisor_{settings(), Plans::kFirst};
  Plans plans_{plan_without_observer()};
  Children children_;
  ForkServers fork_servers_;
  Reloader reloader_;
  ReloadWatch watch_;
  std::uint64_t last_id_ = 0;
  Texts answers_;
  Commands commands_{{supervisor_, plans_, children_, fork_servers_, publisher_, reloader_, watch_,
                      log_.log(), [this](const supervision::Event& event) { report(event); }}};
  PendingCommands pending_{supervisor_, commands_,
                           [this](ipc::Place observer, const ipc::OutcomeFrame& told) {
                             EXPECT_EQ(observer, kObserver);
                             const bool is_done = told.verdict == ipc::Verdict::done;
                             const bool is_failed = told.verdict == ipc::Verdict::failed;
                             answers_.push_back(std::to_string(told.id) +
                                                (is_done     ? " done "
                                                 : is_failed ? " failed "
                                                             : " refused ") +
                                                told.text);
                           }};
};

TEST_F(PendingCommandsTest, ARestartIsDoneWhenTheSuccessorServes) {
  order(CommandKind::restart, 1);
  EXPECT_EQ(answers(), Texts{});
  arrive({1, 1});
  EXPECT_EQ(answers(), Texts{"1 done "});
  EXPECT_EQ(log_.lines().front(), "info preforkctl (pid 4711): restart 1");
  order(CommandKind::restart, 2);
  EXPECT_EQ(answers(), Texts{"2 refused there is no worker 2; the last one is worker 1"});
}

TEST_F(PendingCommandsTest, ARestartWhoseSuccessorCannotBootHasFailed) {
  order(CommandKind::restart, 1);
  leave({1, 1}, 3);
  EXPECT_EQ(answers(), Texts{"1 failed worker 9 could not boot"});
}

TEST_F(PendingCommandsTest, ARestartFillsADrainedSlot) {
  order(CommandKind::drain, 0);
  EXPECT_EQ(answers(), Texts{}) << "it has not left yet";
  leave({0, 0});
  EXPECT_EQ(answers(), Texts{"1 done "});
  order(CommandKind::drain, 1);
  EXPECT_EQ(answers(), Texts{"2 refused the last worker stays"});
  order(CommandKind::restart, 0);
  EXPECT_EQ(answers(), Texts{});
  arrive({0, 0});
  EXPECT_EQ(answers(), Texts{"3 done "});
}

TEST_F(PendingCommandsTest, ScalingIsDoneWhenAllServeAndTheOthersAreGone) {
  order(CommandKind::scale, 3);
  EXPECT_EQ(answers(), Texts{});
  arrive({2, 0});
  EXPECT_EQ(answers(), Texts{"1 done "});
  order(CommandKind::scale, 1);
  leave({2, 0});
  EXPECT_EQ(answers(), Texts{});
  leave({1, 0});
  EXPECT_EQ(answers(), Texts{"2 done "});
  order(CommandKind::scale, 4);
  EXPECT_EQ(answers(), Texts{"3 refused this server has room for 1 to 3 workers; for more start it "
                             "with a larger --workers"});
  order(CommandKind::scale, 1);
  EXPECT_EQ(answers(), Texts{"4 done "}) << "nothing is to be waited for";
}

TEST_F(PendingCommandsTest, ScalingFailsWithAWorkerThatCannotBootOrAnotherWish) {
  order(CommandKind::scale, 3);
  leave({2, 0}, 3);
  EXPECT_EQ(answers(), Texts{"1 failed worker 9 could not boot"});
  order(CommandKind::scale, 3);
  order(CommandKind::scale, 2);
  EXPECT_EQ(answers(),
            (Texts{"2 failed another number of workers was asked for meanwhile", "3 done "}));
}

TEST_F(PendingCommandsTest, AReloadIsDoneWhenTheNewGenerationServes) {
  order(CommandKind::reload, 1);
  arrive({0, 1});
  EXPECT_EQ(answers(), Texts{});
  arrive({1, 1});
  EXPECT_EQ(answers(), Texts{"1 done "});
  order(CommandKind::reload, 0);
  EXPECT_EQ(answers(), Texts{"2 done "}) << "it has begun";
}

TEST_F(PendingCommandsTest, AnUpgradeIsDoneWhenTheNewProgramHasTakenOver) {
  order(CommandKind::upgrade, 0);
  EXPECT_EQ(answers(), Texts{}) << "it is still this program";
  order(CommandKind::upgrade, 0);
  EXPECT_EQ(answers(), Texts{"2 refused an upgrade is under way already"});
  order(CommandKind::reload, 0);
  EXPECT_EQ(answers(), Texts{"3 refused " + std::string(kUpgradeReadsAnew)});
  Handover handover;
  pending_.hand_over(handover);
  pending_.restore(handover);
  pending_.taken_over(commands_.next_generation());
  EXPECT_EQ(answers(), Texts{"1 done "});
}

TEST_F(PendingCommandsTest, AnUpgradeThatIsWaitedForIsDoneWhenEveryProcessIsReplaced) {
  order(CommandKind::upgrade, 1);
  commands_.set_upgrading(false);
  pending_.taken_over(commands_.next_generation());
  EXPECT_TRUE(commands_.reload("upgrade: every process is replaced").ok());
  arrive({0, 1});
  EXPECT_EQ(answers(), Texts{});
  arrive({1, 1});
  EXPECT_EQ(answers(), Texts{"1 done "});
}

TEST_F(PendingCommandsTest, AnUpgradeThatIsGivenUpFailsOnceTheProgramBeforeHasSaidSo) {
  order(CommandKind::upgrade, 1);
  commands_.set_upgrading(false);
  pending_.taken_over(commands_.next_generation());
  EXPECT_TRUE(commands_.reload("upgrade: every process is replaced").ok());
  leave({0, 1}, 3);
  EXPECT_EQ(answers(), Texts{});
  pending_.end_upgrade(ipc::Verdict::failed, "it could not");
  EXPECT_EQ(answers(), Texts{"1 failed it could not"});
}

TEST_F(PendingCommandsTest, AReloadThatIsGivenUpFailsWithTheReason) {
  order(CommandKind::reload, 1);
  leave({0, 1}, 3);
  EXPECT_EQ(answers(), Texts{"1 failed worker 9 could not boot"});
}

TEST_F(PendingCommandsTest, OfReloadsThatWaitTheLastOneCounts) {
  order(CommandKind::reload, 1);
  order(CommandKind::reload, 1);
  order(CommandKind::reload, 1);
  leave({0, 1}, 3);
  EXPECT_EQ(answers(), (Texts{"1 failed worker 9 could not boot",
                              "2 failed a later reload has taken its place"}));
}

TEST_F(PendingCommandsTest, AStopIsDoneWhenAllWorkersAreGoneAndNothingElseIsAnyMore) {
  order(CommandKind::reload, 1);
  order(CommandKind::restart, 0);
  order(CommandKind::stop);
  EXPECT_EQ(answers(),
            (Texts{"1 failed the server is stopping", "2 failed the server is stopping"}));
  order(CommandKind::scale, 1);
  EXPECT_EQ(answers(), Texts{"4 refused the server is stopping"});
  pending_.stopped();
  EXPECT_EQ(answers(), Texts{"3 done "});
}

TEST_F(PendingCommandsTest, WhatIsNoCommandOfItsIsRefused) {
  order(CommandKind::statistics);
  order(CommandKind::log_level, 7);
  EXPECT_EQ(answers(), (Texts{"1 refused the master has no answer to that",
                              "2 refused there is no such log level"}));
}

TEST_F(PendingCommandsTest, OnlySoManyWait) {
  for (std::size_t i = 0; i <= PendingCommands::kMost; ++i) {
    order(CommandKind::restart, 1);
  }
  EXPECT_EQ(answers(), Texts{"65 refused too many commands wait for their end already"});
  pending_.forget(kObserver);
  arrive({1, 1});
  EXPECT_EQ(answers(), Texts{}) << "nobody is left to be told";
}

}  // namespace
}  // namespace prefork::master
