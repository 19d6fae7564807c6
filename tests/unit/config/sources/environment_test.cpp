#include "config/sources/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

Lines environment_settings(const Environment& environment) {
  const Reading reading = read_environment(environment);
  EXPECT_EQ(lines_of(reading.errors), Lines{});
  Lines lines;
  for (const Setting& setting : reading.settings) {
    EXPECT_EQ(setting.level, Level::environment);
    EXPECT_EQ(setting.origin, "environment " + setting.source);
    lines.push_back(std::string(setting.option->name) + "=" + setting.value);
  }
  return lines;
}

Lines environment_errors(const Environment& environment) {
  return lines_of(read_environment(environment).errors);
}

TEST(ConfigEnvironment, TakesTheVariablesOfOptionsAndLeavesOthersAlone) {
  EXPECT_EQ(environment_settings({{"PATH", "/bin"},
                                  {"PREFORK", "x"},
                                  {"PREFORK_TIMEOUT_KEEP_ALIVE", "7"},
                                  {"UVICORN_PORT", "1"}}),
            (Lines{"timeout-keep-alive=7"}));
}

TEST(ConfigEnvironment, SplitsAddressesAtCommas) {
  EXPECT_EQ(environment_settings({{"PREFORK_BIND", ":1, [::1]:2 ,unix:/x"}}),
            (Lines{"bind=:1", "bind=[::1]:2", "bind=unix:/x"}));
  EXPECT_EQ(environment_settings({{"PREFORK_BIND", ":1,"}}), (Lines{"bind=:1", "bind="}));
  EXPECT_EQ(environment_settings({{"PREFORK_LOG_FILE", "a,b"}}), (Lines{"log-file=a,b"}));
}

TEST(ConfigEnvironment, LeavesTheProxyProtocolWithItsAddress) {
  EXPECT_EQ(
      environment_settings({{"PREFORK_BIND", ":1,proxy-protocol, :2,unix:/x,proxy-protocol "}}),
      (Lines{"bind=:1,proxy-protocol", "bind=:2", "bind=unix:/x,proxy-protocol"}));
  EXPECT_EQ(environment_settings({{"PREFORK_BIND", ":1,proxy-protocols"}}),
            (Lines{"bind=:1", "bind=proxy-protocols"}));
}

TEST(ConfigEnvironment, SplitsHeadersAtLineEndsOnly) {
  EXPECT_EQ(environment_settings({{"PREFORK_HEADER", "A: b, c\n D:e"}}),
            (Lines{"header=A: b, c", "header=D:e"}));
}

TEST(ConfigEnvironment, RefusesAnUnknownVariableWithASuggestion) {
  EXPECT_EQ(environment_errors({{"PREFORK_WOKERS", "4"}}),
            (Lines{"PREFORK_WOKERS: unknown variable; did you mean PREFORK_WORKERS?"}));
  EXPECT_EQ(environment_errors({{"PREFORK_workers", "4"}}),
            (Lines{"PREFORK_workers: unknown variable; did you mean PREFORK_WORKERS?"}));
  EXPECT_EQ(environment_errors({{"PREFORK_COLOUR", "red"}}),
            (Lines{"PREFORK_COLOUR: unknown variable; unset it, --help lists the options"}));
}

TEST(ConfigEnvironment, RefusesWhatWorksOnlyOnTheCommandLine) {
  EXPECT_EQ(environment_errors({{"PREFORK_CHECK_CONFIG", "1"}}),
            (Lines{"PREFORK_CHECK_CONFIG: works only on the command line, as --check-config; "
                   "unset it"}));
}

TEST(ConfigEnvironment, IsThatOfThisProcess) {
  ASSERT_EQ(setenv("PREFORK_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(current_environment().at("PREFORK_TEST_VARIABLE"), "a=b");
  ASSERT_EQ(unsetenv("PREFORK_TEST_VARIABLE"), 0);
  EXPECT_FALSE(current_environment().contains("PREFORK_TEST_VARIABLE"));
}

}  // namespace
}  // namespace prefork::config
