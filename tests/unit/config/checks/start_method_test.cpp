#include "config/checks/start_method.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

class StartMethods : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string app_ = folder_.write("libshop.so", "");
};

TEST_F(StartMethods, IsForkUnlessAnotherOneIsGiven) {
  EXPECT_EQ(options_of({}).processes.start_method, StartMethod::fork);
  EXPECT_EQ(options_of({"--start-method", "fork"}).processes.start_method, StartMethod::fork);
  EXPECT_EQ(options_of({"--start-method=spawn"}).processes.start_method, StartMethod::spawn);
  EXPECT_EQ(options_of({}, {{"PREFORK_START_METHOD", "forkserver"}}).processes.start_method,
            StartMethod::forkserver);
  const std::string file = folder_.write("shop.toml", "start_method = \"spawn\"\n");
  EXPECT_EQ(options_of({"--config", file}).processes.start_method, StartMethod::spawn);
}

TEST_F(StartMethods, IsAForkServerWithPreload) {
  EXPECT_EQ(options_of({app_, "--preload"}).processes.start_method, StartMethod::forkserver);
  EXPECT_EQ(options_of({app_, "--preload", "--start-method", "forkserver"}).processes.start_method,
            StartMethod::forkserver);
  EXPECT_EQ(options_of({app_, "--no-preload"}).processes.start_method, StartMethod::fork);
  const Loaded printed = load_options(Arguments{app_, "--preload", "--print-config"}, {});
  EXPECT_NE(printed.output.find("default with --preload\n"), std::string::npos) << printed.output;
}

TEST_F(StartMethods, OtherThanAForkServerAreRefusedWithPreload) {
  for (const std::string method : {"fork", "spawn"}) {
    EXPECT_EQ(
        errors_of({app_, "--preload", "--start-method", method}),
        (Lines{"--start-method: " + method +
               " does not go together with --preload (command line): the master never runs the "
               "application; use forkserver, or leave one of the two out"}));
  }
  EXPECT_EQ(errors_of({app_}, {{"PREFORK_PRELOAD", "1"}, {"PREFORK_START_METHOD", "fork"}}),
            (Lines{"PREFORK_START_METHOD: fork does not go together with --preload (environment "
                   "PREFORK_PRELOAD): the master never runs the application; use forkserver, or "
                   "leave one of the two out"}));
}

TEST_F(StartMethods, OfAnotherNameAreToldWithThoseThatThereAre) {
  EXPECT_EQ(
      errors_of({app_, "--start-method", "thread", "--preload"}),
      (Lines{"--start-method: 'thread' is not a start method; use fork, spawn or forkserver"}));
}

}  // namespace
}  // namespace prefork::config
