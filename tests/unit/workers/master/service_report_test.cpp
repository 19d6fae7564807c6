#include "workers/master/service_report.h"

#include <gtest/gtest.h>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;
using Messages = std::vector<std::string>;
using Phase = ServiceFacts::Phase;

class ServiceReportTest : public testing::Test {
 protected:
  // After so long.
  Messages look(ServiceReport& report, supervision::Duration after = 0ms) {
    return report.due(facts_, kStart + after);
  }
  Messages become_ready(ServiceReport& report) {
    facts_ = {Phase::running, true, "2 of 2 workers are ready", 0};
    return look(report);
  }

  static constexpr supervision::TimePoint kStart{1000s};
  ServiceFacts facts_;
  ServiceReport report_{std::nullopt};
  ServiceReport watched_{10s};
};

TEST_F(ServiceReportTest, SaysThatItIsReadyOnce) {
  facts_.status = "starting";
  EXPECT_EQ(look(report_), Messages{"STATUS=starting\n"});
  EXPECT_EQ(become_ready(report_), Messages{"READY=1\nSTATUS=2 of 2 workers are ready\n"});
  EXPECT_EQ(look(report_), Messages{});
  EXPECT_EQ(report_.deadline(), std::nullopt);
}

TEST_F(ServiceReportTest, TellsAStatusAtMostOnceASecond) {
  become_ready(report_);
  facts_.status = "1 of 2";
  EXPECT_EQ(look(report_, 10ms), Messages{});
  EXPECT_EQ(report_.deadline(), kStart + 1s);
  facts_.status = "none";
  EXPECT_EQ(look(report_, 999ms), Messages{});
  EXPECT_EQ(look(report_, 1s), Messages{"STATUS=none\n"});
  EXPECT_EQ(look(report_, 3s), Messages{});
  facts_.status = "1 of 2";
  EXPECT_EQ(look(report_, 3s), Messages{"STATUS=1 of 2\n"});
}

TEST_F(ServiceReportTest, FramesAReloadWithTheTime) {
  become_ready(report_);
  facts_ = {Phase::reloading, true, "reloading", 1};
  EXPECT_EQ(look(report_, 5ms),
            Messages{"RELOADING=1\nMONOTONIC_USEC=1000005000\nSTATUS=reloading\n"});
  EXPECT_EQ(look(report_, 6ms), Messages{});
  facts_ = {Phase::running, true, "2 of 2 workers are ready", 1};
  EXPECT_EQ(look(report_, 7ms), Messages{"READY=1\nSTATUS=2 of 2 workers are ready\n"});
  EXPECT_EQ(look(report_, 8ms), Messages{});
}

// systemctl reload waits for both.
TEST_F(ServiceReportTest, FramesAReloadThatIsRefusedAtOnceToo) {
  become_ready(report_);
  facts_.reloads = 1;
  facts_.status += "; the last reload was given up: --port: 'x'\nis not a number";
  EXPECT_EQ(look(report_, 1ms),
            (Messages{"RELOADING=1\nMONOTONIC_USEC=1000001000\n",
                      "READY=1\nSTATUS=2 of 2 workers are ready; the last reload was given up: "
                      "--port: 'x' is not a number\n"}));
  EXPECT_EQ(look(report_, 2ms), Messages{});
}

TEST_F(ServiceReportTest, AsksForMoreTimeWhileItStops) {
  become_ready(report_);
  facts_.phase = Phase::stopping;
  facts_.status = "stopping";
  EXPECT_EQ(look(report_),
            (Messages{"STOPPING=1\nSTATUS=stopping\n", "EXTEND_TIMEOUT_USEC=15000000\n"}));
  EXPECT_EQ(report_.deadline(), kStart + 5s);
  EXPECT_EQ(look(report_, 4s), Messages{});
  EXPECT_EQ(look(report_, 5s), Messages{"EXTEND_TIMEOUT_USEC=15000000\n"});
}

TEST_F(ServiceReportTest, FeedsTheWatchdogAtHalfItsTime) {
  EXPECT_EQ(look(report_).size(), 0u) << "nobody asks";
  become_ready(watched_);
  EXPECT_EQ(watched_.deadline(), kStart + 5s);
  EXPECT_EQ(look(watched_, 4'999ms), Messages{});
  EXPECT_EQ(look(watched_, 5s), Messages{"WATCHDOG=1\n"});
  EXPECT_EQ(watched_.deadline(), kStart + 10s);
}

TEST_F(ServiceReportTest, DoesNotFeedItForAServerThatServesNobody) {
  become_ready(watched_);
  facts_.is_alive = false;
  EXPECT_EQ(look(watched_, 5s), Messages{});
  EXPECT_EQ(watched_.deadline(), kStart + 6s) << "and looks again soon";
  facts_.is_alive = true;
  EXPECT_EQ(look(watched_, 6s), Messages{"WATCHDOG=1\n"});
}

}  // namespace
}  // namespace prefork::master
