// `prefork-server doctor`, on the machine as it is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

FinishedRun examined(const std::vector<std::string>& options) {
  Launch launch = launch_of({"doctor"});
  launch.arguments.insert(launch.arguments.end(), options.begin(), options.end());
  return run_to_the_end(std::move(launch));
}

TEST(Doctor, SaysALineForEachThingAndStartsNothing) {
  const FinishedRun run = examined({"--workers", "2"});
  EXPECT_EQ(run.exit, exit_code(run.out.find("\nfail  ") == std::string::npos ? 0 : 1));
  EXPECT_GE(std::count(run.out.begin(), run.out.end(), '\n'), 10);
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, std::regex("(ok    |warn  |fail  )[a-z ]+: .+"))) << line;
  }
  EXPECT_EQ(run.err, "");
}

TEST(Doctor, FailsWhereAServerWouldNotStart) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can start a program as somebody else";
  }
  Launch launch = launch_of({"doctor", "--port", "79"});
  launch.user = 64'321;
  launch.limit_open_files = 64;
  const FinishedRun run = run_to_the_end(std::move(launch));
  EXPECT_EQ(run.exit, exit_code(1));
  EXPECT_NE(run.out.find("fail  open files: 64, "), std::string::npos) << run.out;
}

TEST(Doctor, HasThatOptionsAreWrongToldAsAStartDoes) {
  const FinishedRun run = examined({"--workers", "0"});
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_NE(run.err.find("prefork-server: --workers: 0 is out of range"), std::string::npos)
      << run.err;
}

TEST(Doctor, ManagesWithoutProc) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can hide /proc";
  }
  Launch launch = launch_of({"doctor", "--workers", "1"});
  launch.without_proc = true;
  const FinishedRun run = run_to_the_end(std::move(launch));
  EXPECT_NE(run.out.find("ok    backlog: cannot be told here\n"), std::string::npos) << run.out;
}

}  // namespace
}  // namespace prefork::test
