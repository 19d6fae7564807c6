// What can be told without a socket: a plan is made from sockets that are open already.
#include "workers/master/reloader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/workers/master/plans_support.h"

namespace prefork::master {
namespace {

class ReloaderTest : public ::testing::Test {
 protected:
  config::Result<SharedPlan, Problems> make_plan(std::vector<std::string> arguments,
                                                 std::uint32_t room = 10) {
    const Reloader reloader(
        std::move(arguments), {{"PREFORK_CONTROL", "off"}},
        [this](config::LogLevel, std::string_view line) { told_.emplace_back(line); });
    return reloader.make_plan({*present_, room, {present_}});
  }
  std::vector<std::string> problems(std::vector<std::string> arguments) {
    std::vector<std::string> texts;
    const auto made = make_plan(std::move(arguments));
    if (!made.ok()) {
      for (const config::Problem& problem : made.problem()) {
        texts.push_back(problem.text);
      }
    }
    return texts;
  }

  std::shared_ptr<ServingPlan> present_ = plan_without_observer();
  std::vector<std::string> told_;
};

TEST_F(ReloaderTest, APlanTakesOverTheSocketsThatAreOpenAlready) {
  const auto made = make_plan({"--admin", "off", "--workers", "3"});
  ASSERT_TRUE(made.ok());
  const ServingPlan& plan = *made.value();
  EXPECT_EQ(plan.options.processes.workers, 3U);
  EXPECT_EQ(plan.sockets, present_->sockets);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ReloaderTest, EveryProblemOfTheConfigurationIsInTheList) {
  const auto found = problems({"--workers", "0", "--threads", "none"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].substr(0, 11), "--workers: ") << found[0];
  EXPECT_EQ(found[1].substr(0, 11), "--threads: ") << found[1];
}

TEST_F(ReloaderTest, MoreWorkersThanTheMasterHasRoomForAreAProblem) {
  EXPECT_EQ(problems({"--admin", "off", "--workers", "11"}),
            (std::vector<std::string>{"--workers: 11 are more than the 10 this master has room "
                                      "for; restart it for so many"}));
}

TEST_F(ReloaderTest, AutoMeansNoMoreWorkersThanThereIsRoomFor) {
  const auto made = make_plan({"--admin", "off", "--workers", "auto"}, 1);
  ASSERT_TRUE(made.ok()) << made.problem().front().text;
  EXPECT_EQ(made.value()->options.processes.workers, 1U);
}

TEST_F(ReloaderTest, ToBeginWithKeepingRequestsTakesARestart) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  auto made = make_plan({"--admin", "off", "--keep-requests", folder});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value()->options.logging.keep_requests, "");
  EXPECT_EQ(told_, (std::vector<std::string>{
                       "--keep-requests: to begin with it takes a restart; it stays off"}));
  present_->options.logging.keep_requests = "/somewhere/else";
  made = make_plan({"--admin", "off", "--keep-requests", folder});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value()->options.logging.keep_requests, folder) << "it may move";
}

TEST_F(ReloaderTest, TheObserverStaysOffAndThatIsTold) {
  const auto made = make_plan({"--admin", "127.0.0.1:0"});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value()->options.admin.address, std::nullopt);
  EXPECT_EQ(told_, (std::vector<std::string>{"--admin: turning the observer on or off takes a "
                                             "restart; it stays as it is"}));
}

TEST_F(ReloaderTest, WithAControlSocketThereIsAnObserverAndAdminMayComeAndGo) {
  present_->options.control.is_on = true;
  const auto made = make_plan({"--admin", "127.0.0.1:0"});
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made.value()->options.admin.address);
  EXPECT_TRUE(made.value()->options.control.is_on);
  EXPECT_EQ(
      told_,
      (std::vector<std::string>{"--control: another place takes a restart; it stays as it is"}));
}

TEST_F(ReloaderTest, AQuestionInsteadOfAConfigurationIsRefused) {
  EXPECT_FALSE(make_plan({"--version"}).ok());
}

}  // namespace
}  // namespace prefork::master
