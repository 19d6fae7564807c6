// What /stats says of the reloads and upgrades there were, and how they ended.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

// Waits for so many of them; the newest one.
Json newest_of(const ServerProcess& server, std::size_t count) {
  Json newest;
  EXPECT_TRUE(server.wait_for_statistics([&](const Json& report) {
    const Json& history = report["reload_history"];
    newest = history.empty() ? Json() : history.front();
    return history.size() == count;
  }));
  return newest;
}

std::string verdict_of(const Json& entry) {
  return entry["kind"].get<std::string>() + " " + entry["generation"].dump() + " " +
         entry["outcome"].get<std::string>();
}

TEST(ReloadHistory, HasEachReloadWithItsVerdict) {
  const TemporaryFolder folder;
  const std::string config = folder.write("shop.toml", "workers = 1\n");
  ServerProcess server({"--config", config});
  EXPECT_EQ(server.statistics()["reload_history"], Json::array());
  server.send_signal(SIGHUP);
  Json newest = newest_of(server, 1);
  EXPECT_EQ(verdict_of(newest), "reload 2 done");
  EXPECT_EQ(newest["reason"], nullptr);
  EXPECT_GT(newest["duration_ms"].get<double>(), 0);

  static_cast<void>(folder.write("shop.toml", "workers = 'many'\n"));
  server.send_signal(SIGHUP);
  newest = newest_of(server, 2);
  EXPECT_EQ(verdict_of(newest), "reload null refused");
  EXPECT_NE(newest["reason"].get<std::string>().find("'many'"), std::string::npos);
}

TEST(ReloadHistory, SaysWhyOneWasRolledBack) {
  const TemporaryFolder folder;
  static_cast<void>(folder.write("licences", "1000"));
  static_cast<void>(folder.write("open", ""));
  Launch launch = launch_of({test_app("boots"), "--workers", "1"});
  launch.environment["TEST_BOOTS"] = folder.path();
  ServerProcess server(std::move(launch));
  static_cast<void>(folder.write("licences", "1"));
  server.send_signal(SIGHUP);
  const Json newest = newest_of(server, 1);
  EXPECT_EQ(verdict_of(newest), "reload 2 given_up");
  EXPECT_NE(newest["reason"].get<std::string>().find("worker 0"), std::string::npos) << newest;
}

TEST(ReloadHistory, GoesOnInTheProgramOfAnUpgrade) {
  const TemporaryFolder folder;
  const std::string program = folder / "prefork-server";
  std::filesystem::create_symlink(server_binary(), program);
  Launch launch = launch_of({"--workers", "1"});
  launch.program = program;
  ServerProcess server(std::move(launch));
  server.send_signal(SIGHUP);
  newest_of(server, 1);
  server.send_signal(SIGUSR2);
  EXPECT_EQ(verdict_of(newest_of(server, 2)), "upgrade 3 done");

  const std::string other = folder.write("other", "#!/bin/sh\nexit 1\n");
  ASSERT_EQ(::chmod(other.c_str(), 0755), 0);
  std::filesystem::rename(other, program);
  ASSERT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["server"]["state"] == "running"; }));
  server.send_signal(SIGUSR2);
  const Json newest = newest_of(server, 3);
  EXPECT_EQ(verdict_of(newest), "upgrade null refused");
  EXPECT_TRUE(newest["reason"].is_string());
}

}  // namespace
}  // namespace prefork::test
