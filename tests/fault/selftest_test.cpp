// `prefork-server selftest`, which a user runs on a machine of their own: here it has to pass, and
// to fail where a server loses what it need not.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

FinishedRun test_self(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "selftest");
  return run_to_the_end(launch_of(arguments), Milliseconds{90'000});
}

TEST(Selftest, PassesHereWhateverIsDoneToTheServer) {
  const FinishedRun verdict = test_self(
      {"--rounds", "1", "--only",
       "kill,crash,pause,pause-master,observer,reload,broken-reload,upgrade,broken-upgrade,"
       "scale"});
  EXPECT_EQ(verdict.exit, exit_code(0)) << verdict.out << verdict.err;
  EXPECT_NE(verdict.out.find("during 10 deeds"), std::string::npos) << verdict.out;
  EXPECT_NE(verdict.out.find("\npassed: "), std::string::npos) << verdict.out;
}

TEST(Selftest, FailsWhereRequestsAreLostThatNoDeadWorkerHad) {
  const FinishedRun verdict =
      test_self({"--rounds", "1", "--only", "reload", "--", "--limit-connections", "1"});
  EXPECT_EQ(verdict.exit, exit_code(1)) << verdict.out;
  EXPECT_NE(verdict.out.find("WRONG: "), std::string::npos) << verdict.out;
  EXPECT_NE(verdict.out.find("\nFAILED:\n"), std::string::npos) << verdict.out;
}

TEST(Selftest, SaysWhyItsServerDoesNotStart) {
  const FinishedRun verdict = test_self({"--", "--no-such-option"});
  EXPECT_EQ(verdict.exit, exit_code(1));
  EXPECT_NE(verdict.err.find("selftest: the server is not ready: it has ended"), std::string::npos)
      << verdict.err;
  EXPECT_NE(verdict.err.find("--no-such-option"), std::string::npos) << verdict.err;
}

TEST(Selftest, LeavesNothingBehindWhereItIsInterrupted) {
  const TemporaryFolder folder;
  const TemporaryFolder folder_of_output;
  Launch launch = launch_of({"selftest", "--only", "reload", "--seconds", "60"});
  launch.environment["TMPDIR"] = folder.path();
  launch.stdout_path = folder_of_output / "out";
  ChildProcess command(launch);
  ASSERT_TRUE(wait_until(
      [&] { return read_file(launch.stdout_path).find("reload ") != std::string::npos; }));
  ::kill(command.pid(), SIGINT);
  EXPECT_EQ(command.wait(Milliseconds{60'000}), exit_code(1));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Selftest, SaysHowItIsCalled) {
  for (const char* command : {"selftest", "replay"}) {
    const FinishedRun told = run_to_the_end(launch_of({command, "--help"}));
    EXPECT_EQ(told.exit, exit_code(0)) << command;
    EXPECT_EQ(told.out.find(std::string("Usage: prefork-server ") + command), 0U) << told.out;
  }
}

TEST(Selftest, DoesNotTakeAWrongCommandLine) {
  const FinishedRun verdict = test_self({"--only", "nonsense"});
  EXPECT_EQ(verdict.exit, exit_code(2));
  EXPECT_NE(verdict.err.find("--only has no 'nonsense'; there are kill, "), std::string::npos)
      << verdict.err;
}

}  // namespace
}  // namespace prefork::test
