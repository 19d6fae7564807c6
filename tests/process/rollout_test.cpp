// A reload is all or nothing, and replaces as many workers at a time as it is told to.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "tests/support/load.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// The application boots as often as there are licences, and only while its door is open.
class Rollout : public testing::TestWithParam<bool> {
 protected:
  Launch launch(std::vector<std::string> arguments) {
    folder_.write("licences", "1000");
    folder_.write("open", "");
    arguments.insert(arguments.begin(), test_app("boots"));
    if (GetParam()) arguments.emplace_back("--preload");
    Launch launch = launch_of(arguments);
    launch.environment["TEST_BOOTS"] = folder_.path();
    return launch;
  }
  // Of all generations, those that booted already included.
  void license(std::size_t boots) { folder_.write("licences", std::to_string(boots)); }
  std::size_t boots() const { return read_file(folder_ / "boots").size(); }
  void close_the_door() const { std::remove((folder_ / "open").c_str()); }

  static std::size_t count(const Json& report, int generation, const std::string& state) {
    const Json& workers = report["workers"];
    return static_cast<std::size_t>(
        std::count_if(workers.begin(), workers.end(), [&](const Json& worker) {
          return worker["generation"] == generation && worker["state"] == state;
        }));
  }
  static bool has_settled(const ServerProcess& server, int generation, std::size_t workers) {
    return server.wait_for_statistics([&](const Json& report) {
      return report["server"]["state"] == "running" && report["workers"].size() == workers &&
             count(report, generation, "ready") == workers;
    });
  }

  const TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(WithAndWithoutPreload, Rollout, testing::Bool());

TEST_P(Rollout, ThatFailsAtALaterWorkerGoesBackToTheBuildBefore) {
  ServerProcess server(launch({"--workers", "3"}));
  Load load(server.url(), {.path = "/", .expected_body = "served"});
  ASSERT_TRUE(load.wait_for_answers(50));
  license(boots() + 1);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"error", "reload to generation 2 was given up", "worker 1",
                                 "no licence left", "going back to generation 1"}));
  // Whoever is to go back has no licence either: they serve on, of both generations.
  ASSERT_TRUE(server.has_logged({"no licence left", "worker 0", "stays at generation 2"}));
  const Json stuck = server.statistics();
  EXPECT_EQ(stuck["server"]["state"], "rolling_back");
  EXPECT_EQ(stuck["server"]["generation"], 1);
  EXPECT_EQ(stuck["server"]["mixed"], true);
  EXPECT_EQ(count(stuck, 2, "ready"), 1U);
  EXPECT_EQ(count(stuck, 1, "ready"), 2U);

  license(1000);
  ASSERT_TRUE(has_settled(server, 1, 3)) << server.statistics();
  EXPECT_TRUE(server.has_logged({"all workers are of generation 1 again"}));
  EXPECT_EQ(server.statistics()["server"]["mixed"], false);
  EXPECT_EQ(server.statistics()["server"]["reloads"], 0);
  ASSERT_TRUE(load.wait_for_answers(50));
  const LoadReport report = load.stop();
  EXPECT_TRUE(report.failures.empty()) << report.first_failures();
  EXPECT_EQ(server.times_logged("the present workers stay"), 0U);

  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_settled(server, 3, 3)) << "the next one finds nothing in its way";
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(Rollout, AProbeThatIsNotAnsweredWellChangesNothing) {
  ServerProcess server(launch({"--workers", "2", "--probe-path", "/"}));
  ASSERT_TRUE(has_settled(server, 1, 2));
  folder_.write("ill", "");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(
      server.has_logged({"error", "reload to generation 2 was given up", "could not boot",
                         "--probe-path: GET / was answered with 500", "the present workers stay"}));
  EXPECT_TRUE(has_settled(server, 1, 2));
  EXPECT_EQ(get(server.url(), "/").body, "served");
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(Rollout, ASoakInWhichTheFirstAnswersWorseGoesBack) {
  ServerProcess server(launch({"--workers", "2", "--reload-soak", "300ms"}));
  ASSERT_TRUE(has_settled(server, 1, 2));
  folder_.write("ill", "");
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2: worker 0", "is watched for 0.3 s"}));
  std::remove((folder_ / "ill").c_str());
  const bool has_gone_back = wait_until([&] {
    for (int i = 0; i < 20; ++i) get(server.url(), "/");
    return server.times_logged("going back to generation 1") != 0;
  });
  ASSERT_TRUE(has_gone_back);
  EXPECT_TRUE(server.has_logged({"reload to generation 2 was given up", "worker 0",
                                 "answers worse than those before it", "responses are 5xx"}));
  EXPECT_TRUE(has_settled(server, 1, 2));
  EXPECT_EQ(server.statistics()["server"]["reloads"], 0);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(get(server.url(), "/").body, "served");

  server.send_signal(SIGHUP);
  EXPECT_TRUE(has_settled(server, 3, 2)) << "a good one goes on by itself";
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(Rollout, ASuccessorThatIsNotNeededAnyMoreLeavesTheListeningToTheOthers) {
  ServerProcess server(launch({"--workers", "2", "--reload-max-unavailable", "2"}));
  close_the_door();
  license(boots() + 1);
  server.send_signal(SIGHUP);
  // One has no licence, and the other one is asked to leave while it still waits at the door.
  ASSERT_TRUE(server.has_logged({"reload to generation 2 was given up", "no licence left"}));
  folder_.write("open", "");
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["workers"].size() == 2 && count(report, 1, "ready") == 2;
  }));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(get(server.url(), "/").body, "served");
  }
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST_P(Rollout, ReplacesAsManyWorkersAtATimeAsItIsTold) {
  ServerProcess server(launch({"--workers", "4", "--reload-max-unavailable", "50%"}));
  const std::size_t before = boots();
  close_the_door();
  server.send_signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return boots() == before + 2; }));
  const Json report = server.statistics();
  EXPECT_EQ(count(report, 2, "starting"), 2U);
  EXPECT_EQ(count(report, 1, "ready"), 4U) << "everybody serves until its successor is ready";
  EXPECT_EQ(get(server.url(), "/").body, "served");
  folder_.write("open", "");
  EXPECT_TRUE(has_settled(server, 2, 4)) << server.statistics();
  EXPECT_EQ(boots(), before + 4);
}

}  // namespace
}  // namespace prefork::test
