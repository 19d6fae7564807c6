// An application that was built with the first release of the interface and kept, served by this
// one. What it does in detail is asked at level inprocess (tests/client/languages_test.cpp).
#include <gtest/gtest.h>

#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

TEST(FirstRelease, AnApplicationBuiltWithItLoadsServesAndEnds) {
#ifndef __x86_64__
  GTEST_SKIP() << "the binary is for x86-64";
#endif
  for (const bool is_preloaded : {false, true}) {
    std::vector<std::string> arguments = {
        PREFORK_DEPLOY "/../tests/apps/first_release/libfirst_release.so", "--workers", "2"};
    if (is_preloaded) {
      arguments.emplace_back("--preload");
    }
    ServerProcess server(arguments);
    EXPECT_EQ(get(server.url(), "/").body, "Hello, World!\n");
    EXPECT_EQ(get(server.url(), "/later").body, "later");
    EXPECT_EQ(get(server.url(), "/throws").status, 500);
    EXPECT_TRUE(server.has_logged({"GET /throws", "on purpose"}));
    EXPECT_EQ(server.stop(), exit_code(0)) << server.log();
    EXPECT_EQ(server.times_logged(" drains"), 2U) << server.log();
    EXPECT_EQ(server.times_logged(" stops"), 2U) << server.log();
  }
}

}  // namespace
}  // namespace prefork::test
