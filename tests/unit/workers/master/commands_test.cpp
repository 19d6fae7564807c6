#include "workers/master/commands.h"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/workers/master/plans_support.h"
#include "workers/master/narrator.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// The parts of a master whose one worker serves; what is reported reaches the supervisor, and its
// orders go nowhere.
class CommandsTest : public ::testing::Test {
 protected:
  explicit CommandsTest(Texts arguments = {"--admin", "off"})
      : reloader_(std::move(arguments), {{"PREFORK_CONTROL", "off"}},
                  [this](config::LogLevel level, std::string_view line) {
                    log_.log().write(level, line);
                  }) {
    report(supervision::event::Started{});
    report(supervision::event::Forked{{0, 0}, 300});
    report(supervision::event::Ready{{0, 0}, supervisor_.seat({0, 0}).epoch});
    reported_.clear();
  }

  static supervision::Settings settings() {
    supervision::Settings settings;
    settings.capacity = 2;
    settings.observer = false;
    return settings;
  }
  void report(const supervision::Event& event) {
    reported_.push_back(event);
    supervisor_.on(event, now_);
  }
  template <typename Event>
  [[nodiscard]] bool reported() const {
    return reported_.size() == 1 && std::holds_alternative<Event>(reported_[0]);
  }
  static Texts texts(const CommandResult& result) {
    Texts texts;
    for (const config::Problem& problem : result.problems) {
      texts.push_back(problem.text);
    }
    return texts;
  }

  supervision::TimePoint now_{1000s};
  ReadableLog log_;
  ipc::Segment segment_{2};
  Publisher publisher_{segment_};
  supervision::Supervisor supervisor_{settings(), Plans::kFirst};
  Plans plans_{plan_without_observer()};
  Children children_;
  ForkServers fork_servers_;
  Reloader reloader_;
  ReloadWatch watch_;
  std::vector<supervision::Event> reported_;
  Commands commands_{{supervisor_, plans_, children_, fork_servers_, publisher_, reloader_, watch_,
                      log_.log(), [this](const supervision::Event& event) { report(event); }}};
};

TEST_F(CommandsTest, AStopTurnsNewClientsAwayAndLetsRequestsFinish) {
  EXPECT_TRUE(commands_.stop("somebody: stop").ok());
  ASSERT_TRUE(reported<supervision::event::Stop>());
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[0]).mode, supervision::StopMode::graceful);
  EXPECT_TRUE(commands_.stop_requested());
  EXPECT_EQ(segment_.header().state.load(), ipc::ServerState::stopping);
  EXPECT_EQ(plans_.first().sockets[0]->fd(), -1);
  EXPECT_EQ(log_.lines(), Texts{"info somebody: stop"});
}

TEST_F(CommandsTest, ASecondStopSaysNothingNew) {
  commands_.stop("somebody: stop");
  EXPECT_TRUE(commands_.stop("somebody else: stop").ok());
  EXPECT_EQ(reported_.size(), 1U);
  EXPECT_EQ(log_.lines(), Texts{"info somebody: stop"});
}

TEST_F(CommandsTest, AStopAtOnceCanFollowAGracefulOne) {
  commands_.stop("somebody: stop");
  EXPECT_TRUE(commands_.stop_now("somebody: at once").ok());
  ASSERT_EQ(reported_.size(), 2U);
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[1]).mode, supervision::StopMode::now);
  EXPECT_EQ(log_.lines(), (Texts{"info somebody: stop", "warning somebody: at once"}));
}

class ShutdownDelay : public CommandsTest {
 protected:
  static std::shared_ptr<ServingPlan> delayed_plan() {
    auto plan = plan_without_observer();
    plan->options.service.shutdown_delay = 5s;
    return plan;
  }

  // The first is there for its workers alone.
  Plans delayed_{delayed_plan()};
  Commands commands_{{supervisor_, delayed_, children_, fork_servers_, publisher_, reloader_,
                      watch_, log_.log(),
                      [this](const supervision::Event& event) { report(event); }}};
};

TEST_F(ShutdownDelay, GoesOnServingButIsNotReadyUntilItIsOver) {
  EXPECT_TRUE(commands_.stop_later(now_).ok());
  EXPECT_EQ(segment_.header().state.load(), ipc::ServerState::stopping);
  publisher_.states(supervisor_, true);
  EXPECT_EQ(segment_.header().state.load(), ipc::ServerState::stopping) << "whatever happens";
  EXPECT_EQ(commands_.deadline(), now_ + 5s);
  commands_.enforce(now_ + 5s - 1ms);
  EXPECT_TRUE(reported_.empty());
  EXPECT_NE(delayed_.first().sockets[0]->fd(), -1);
  commands_.enforce(now_ + 5s);
  EXPECT_TRUE(reported<supervision::event::Stop>());
  EXPECT_EQ(delayed_.first().sockets[0]->fd(), -1);
  EXPECT_EQ(commands_.deadline(), std::nullopt);
  EXPECT_EQ(log_.lines(),
            (Texts{"info SIGTERM: not ready for new clients any more; stopping in 5 s "
                   "(--shutdown-delay)",
                   "info the time of --shutdown-delay is over: stopping; requests that run may "
                   "finish"}));
}

TEST_F(ShutdownDelay, IsNotShortenedByAskingAgain) {
  commands_.stop_later(now_);
  commands_.stop_later(now_ + 3s);
  EXPECT_EQ(commands_.deadline(), now_ + 5s);
  EXPECT_EQ(log_.lines().size(), 1U);
}

TEST_F(ShutdownDelay, IsEndedByWhatAsksForMore) {
  commands_.obey(SIGTERM);
  commands_.obey(SIGINT);
  ASSERT_TRUE(reported<supervision::event::Stop>());
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[0]).mode, supervision::StopMode::graceful);
  commands_.obey(SIGQUIT);
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[1]).mode, supervision::StopMode::now);
  EXPECT_EQ(commands_.deadline(), std::nullopt);
}

TEST_F(ShutdownDelay, TakesNoReloadAnyMore) {
  commands_.stop_later(now_);
  EXPECT_EQ(texts(commands_.reload("again")), Texts{"the server is stopping"});
}

TEST_F(CommandsTest, AWorkerIsAddedWhileThereIsRoom) {
  EXPECT_TRUE(commands_.add_worker("one more").ok());
  EXPECT_EQ(supervisor_.workers(), 2U);
  EXPECT_EQ(texts(commands_.add_worker("one more")),
            Texts{"no room for another worker: all 2 slots are in use"});
  EXPECT_EQ(supervisor_.workers(), 2U);
  EXPECT_EQ(log_.lines(), (Texts{"info one more", "info one more"}))
      << "what is in the way is the supervisor's to tell";
}

TEST_F(CommandsTest, TheLastWorkerIsNotRemoved) {
  commands_.add_worker("one more");
  EXPECT_TRUE(commands_.remove_worker("one fewer").ok());
  EXPECT_EQ(supervisor_.workers(), 1U);
  EXPECT_EQ(texts(commands_.remove_worker("one fewer")), Texts{"the last worker stays"});
}

TEST_F(CommandsTest, TheNumberOfWorkersFollowsTheCpusAsFarAsThereIsRoom) {
  commands_.follow_cpus({{1, "CPU quota 1"}, {5, "CPU quota 5"}});
  EXPECT_EQ(supervisor_.workers(), 2U);
  commands_.follow_cpus({{5, "CPU quota 5"}, {1, "CPU quota 1"}});
  EXPECT_EQ(supervisor_.workers(), 1U);
  EXPECT_EQ(log_.lines(),
            (Texts{"info --workers auto: CPU quota 5 (before: CPU quota 1): 5 workers instead of "
                   "1; there is room for 2, for more restart the server",
                   "info --workers auto: CPU quota 1 (before: CPU quota 5): 1 worker instead of "
                   "5"}));
}

TEST_F(CommandsTest, FewerCpusDoNotTakeTheLastWorkerThatServes) {
  commands_.add_worker("one more");
  commands_.drain(0, "not this one");
  commands_.follow_cpus({{2, "CPU quota 2"}, {1, "CPU quota 1"}});
  EXPECT_EQ(supervisor_.workers(), 2U);
}

TEST_F(CommandsTest, AServerThatStopsIsNotChangedAnyMore) {
  commands_.stop("somebody: stop");
  EXPECT_EQ(texts(commands_.add_worker("one more")), Texts{"the server is stopping"});
  EXPECT_EQ(texts(commands_.remove_worker("one fewer")), Texts{"the server is stopping"});
  EXPECT_EQ(texts(commands_.reload("again")), Texts{"the server is stopping"});
  EXPECT_EQ(plans_.living().size(), 1U);
}

TEST_F(CommandsTest, AReloadBeginsWithANewGeneration) {
  EXPECT_TRUE(commands_.reload("somebody: reload").ok());
  ASSERT_TRUE(reported<supervision::event::Reload>());
  EXPECT_EQ(std::get<supervision::event::Reload>(reported_[0]).generation, 2U);
  EXPECT_TRUE(supervisor_.reloading());
  EXPECT_EQ(plans_.living().size(), 2U);
  EXPECT_EQ(log_.lines(), Texts{"info somebody: reload"});
}

class BadConfiguration : public CommandsTest {
 protected:
  BadConfiguration() : CommandsTest({"--workers", "0", "--threads", "none"}) {}
};

TEST_F(BadConfiguration, AReloadAnswersWithEveryProblemAndTheLogSaysTheSame) {
  const CommandResult result = commands_.reload("somebody: reload");
  ASSERT_EQ(result.problems.size(), 2U);
  EXPECT_EQ(log_.lines(),
            (Texts{"info somebody: reload", "error " + result.problems[0].text,
                   "error " + result.problems[1].text,
                   "error the reload was given up; the workers go on with the configuration they "
                   "have"}));
  EXPECT_TRUE(reported_.empty());
  EXPECT_EQ(plans_.living().size(), 1U);
  EXPECT_EQ(commands_.reload_news().asked, 1U);
  EXPECT_EQ(commands_.reload_news().refused,
            "the last reload was given up: " + result.problems[0].text);
}

class UnusableLog : public CommandsTest {
 protected:
  UnusableLog() : CommandsTest({"--admin", "off", "--log-file", "/proc/self/nobody"}) {}
};

TEST_F(UnusableLog, AReloadWhoseLogCannotBeOpenedIsGivenUpAndTheOldLogSaysSo) {
  const CommandResult result = commands_.reload("somebody: reload");
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].text.substr(0, 12), "--log-file: ");
  EXPECT_EQ(log_.lines().size(), 3U);
  EXPECT_TRUE(reported_.empty());
}

TEST_F(CommandsTest, LogsAreReopenedByTheChildrenToo) {
  ipc::ControlPair pair = ipc::make_control_pair();
  children_.add({0, 0}, 5, std::move(pair.master));
  EXPECT_TRUE(commands_.reopen_logs("somebody: reopened").ok());
  int frames = 0;
  pair.child.receive([&frames](const auto& decoded) {
    const auto& frame = std::get<ipc::Frame>(decoded);
    EXPECT_TRUE(std::holds_alternative<ipc::ReopenLogsFrame>(frame.message));
    ++frames;
  });
  EXPECT_EQ(frames, 1);
  EXPECT_EQ(log_.lines(), Texts{"info somebody: reopened"});
}

TEST_F(CommandsTest, TheChildrenReopenTheirsAlsoWhenTheMastersOwnLogCannotBe) {
  ipc::ControlPair pair = ipc::make_control_pair();
  children_.add({0, 0}, 5, std::move(pair.master));
  log_.make_unopenable();
  const CommandResult result = commands_.reopen_logs("somebody: reopened");
  ASSERT_EQ(result.problems.size(), 1U);
  int frames = 0;
  pair.child.receive([&frames](const auto&) { ++frames; });
  EXPECT_EQ(frames, 1);
}

TEST_F(CommandsTest, EachSignalAsksForACommand) {
  EXPECT_TRUE(commands_.obey(SIGTTIN).ok());
  EXPECT_TRUE(reported<supervision::event::AddWorker>());
  reported_.clear();
  EXPECT_TRUE(commands_.obey(SIGTTOU).ok());
  EXPECT_TRUE(reported<supervision::event::RemoveWorker>());
  reported_.clear();
  EXPECT_TRUE(commands_.obey(SIGUSR1).ok());
  EXPECT_FALSE(commands_.upgrading());
  EXPECT_TRUE(commands_.obey(SIGUSR2).ok());
  EXPECT_TRUE(commands_.upgrading());
  EXPECT_TRUE(reported_.empty());
  EXPECT_EQ(log_.lines(),
            (Texts{"info SIGTTIN: one worker more", "info SIGTTOU: one worker fewer",
                   "info SIGUSR1: log files opened anew",
                   "info SIGUSR2: going on as the program that lies at the server's path"}));
}

TEST_F(CommandsTest, AnUpgradeIsForOneAtATimeAndReloadsWaitForItsEnd) {
  EXPECT_TRUE(commands_.upgrade("somebody: upgrade").ok());
  EXPECT_EQ(texts(commands_.upgrade("somebody else: upgrade")),
            Texts{"an upgrade is under way already"});
  EXPECT_EQ(texts(commands_.reload("somebody: reload")), Texts{std::string(kUpgradeReadsAnew)});
  EXPECT_EQ(commands_.reload_news().asked, 0U);
  EXPECT_TRUE(reported_.empty());
  commands_.set_upgrading(false);
  report(supervision::event::Reload{2, settings()});
  EXPECT_EQ(texts(commands_.upgrade("somebody: upgrade")),
            Texts{"processes are being replaced; try again when that is over"});
}

TEST_F(CommandsTest, AServerThatStopsIsNotUpgraded) {
  commands_.stop("somebody: stop");
  EXPECT_EQ(texts(commands_.upgrade("somebody: upgrade")), Texts{"the server is stopping"});
  EXPECT_FALSE(commands_.upgrading());
}

TEST_F(CommandsTest, TheLevelThatAnOperatorHasOrderedIsHandedOver) {
  commands_.set_log_level(config::LogLevel::error, "somebody: log-level error");
  Handover handover;
  commands_.hand_over(handover);
  EXPECT_EQ(handover.log_level, static_cast<std::int32_t>(config::LogLevel::error));
}

TEST_F(CommandsTest, ATermStopsAndAnIntAfterItStopsAtOnce) {
  commands_.obey(SIGTERM);
  commands_.obey(SIGTERM);
  EXPECT_EQ(reported_.size(), 1U) << "service managers repeat it";
  commands_.obey(SIGINT);
  ASSERT_EQ(reported_.size(), 2U);
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[1]).mode, supervision::StopMode::now);
  EXPECT_EQ(log_.lines(), (Texts{"info SIGTERM: stopping; requests that run may finish",
                                 "warning SIGINT while stopping: stopping at once"}));
}

TEST_F(CommandsTest, AQuitStopsAtOnce) {
  commands_.obey(SIGQUIT);
  ASSERT_TRUE(reported<supervision::event::Stop>());
  EXPECT_EQ(std::get<supervision::event::Stop>(reported_[0]).mode, supervision::StopMode::now);
}

}  // namespace
}  // namespace prefork::master
