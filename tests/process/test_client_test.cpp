// The tests of an application, asked of a server that runs elsewhere: PREFORK_TEST_URL.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kApplication = test_app("features");

FinishedRun run_client_tests(const std::string& url) {
  Launch launch;
  launch.program = tested_build() + "/tests/client_tests";
  launch.arguments = {
      "--gtest_filter=*LinkedIntoTheTest:*CookiesAndForms:*Middleware*:*PieceByPiece*:*Leaves*:"
      "*Deferred*:*Uploads*:*HearsIt:*NoClientWould"};
  launch.environment["PREFORK_TEST_URL"] = url;
  return run_to_the_end(launch);
}

TEST(TestClientAtAUrl, AsksTheServerThereOverTcp) {
  ServerProcess server({kApplication, "--workers", "2"});
  const FinishedRun run = run_client_tests(server.url());
  EXPECT_EQ(run.exit, exit_code(0)) << run.out << run.err;
  EXPECT_NE(run.out.find("9 tests from 1 test suite ran"), std::string::npos) << run.out;
  EXPECT_GE(server.statistics()["totals"]["requests"].get<int>(), 9);
}

TEST(TestClientAtAUrl, AsksTheServerThereOverAUnixSocket) {
  const TemporaryFolder folder;
  ServerProcess server({kApplication, "--bind", "unix:" + folder / "shop.sock"});
  const FinishedRun run = run_client_tests("unix:" + folder / "shop.sock");
  EXPECT_EQ(run.exit, exit_code(0)) << run.out << run.err;
}

TEST(TestClientAtAUrl, SaysWhoCannotBeReached) {
  const FinishedRun run = run_client_tests("http://127.0.0.1:1");
  EXPECT_NE(run.out.find("cannot connect to 127.0.0.1:1: Connection refused"), std::string::npos)
      << run.out;
}

}  // namespace
}  // namespace prefork::test
