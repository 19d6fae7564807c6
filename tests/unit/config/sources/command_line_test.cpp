#include "config/sources/command_line.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

Lines command_line_settings(const Arguments& arguments) {
  const Reading reading = read_command_line(arguments);
  EXPECT_EQ(lines_of(reading.errors), Lines{});
  Lines lines;
  for (const Setting& setting : reading.settings) {
    EXPECT_EQ(setting.level, Level::command_line);
    EXPECT_EQ(setting.origin, "command line");
    lines.push_back(setting.source + "=" + setting.value);
  }
  return lines;
}

Lines command_line_errors(const Arguments& arguments) {
  return lines_of(read_command_line(arguments).errors);
}

std::string unexpected(const std::string& argument) {
  return "command line: unexpected argument '" + argument +
         "'; every setting is an option, --help lists them";
}

TEST(CommandLine, TakesAValueAfterASpaceOrAnEqualsSign) {
  EXPECT_EQ(command_line_settings({"--port", "80"}), (Lines{"--port=80"}));
  EXPECT_EQ(command_line_settings({"--port=80"}), (Lines{"--port=80"}));
  EXPECT_EQ(command_line_settings({"--log-file=a=b"}), (Lines{"--log-file=a=b"}));
  EXPECT_EQ(command_line_settings({"--access-log", "-"}), (Lines{"--access-log=-"}));
  EXPECT_EQ(command_line_settings({"--threads", "-5"}), (Lines{"--threads=-5"}));
  EXPECT_EQ(command_line_settings({"--log-file=--odd"}), (Lines{"--log-file=--odd"}));
}

TEST(CommandLine, KeepsTheOrderOfARepeatedOption) {
  EXPECT_EQ(command_line_settings({"--bind", ":2", "--bind=[::1]:1", "--bind", "[x]"}),
            (Lines{"--bind=:2", "--bind=[::1]:1", "--bind=[x]"}));
}

TEST(CommandLine, TakesSwitchesWithAndWithoutNo) {
  EXPECT_EQ(command_line_settings({"--demo-crash"}), (Lines{"--demo-crash=true"}));
  EXPECT_EQ(command_line_settings({"--no-demo-crash"}), (Lines{"--demo-crash=false"}));
  EXPECT_EQ(command_line_settings({"-h"}), (Lines{"--help=true"}));
  EXPECT_EQ(command_line_settings({"--check-config"}), (Lines{"--check-config=true"}));
}

TEST(CommandLine, RefusesAnOptionWithoutAValue) {
  EXPECT_EQ(command_line_errors({"--port"}),
            (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(command_line_errors({"--port", ""}),
            (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(command_line_errors({"--port", "--host", "::"}),
            (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(command_line_errors({"--port=", "80"}),
            (Lines{"--port: the value after '=' is missing"}));
}

TEST(CommandLine, RefusesAnOptionThatIsGivenTwice) {
  EXPECT_EQ(command_line_errors({"--port", "1", "--port=2"}),
            (Lines{"--port: is given 2 times; give it once"}));
  EXPECT_EQ(command_line_errors({"--demo-crash", "--no-demo-crash"}),
            (Lines{"--demo-crash: is given 2 times; give it once"}));
}

TEST(CommandLine, SuggestsTheOptionThatWasMeant) {
  EXPECT_EQ(command_line_errors({"--wrokers", "4"}),
            (Lines{"--wrokers: unknown option; did you mean --workers?"}));
  EXPECT_EQ(command_line_errors({"--wrokers=4"}),
            (Lines{"--wrokers: unknown option; did you mean --workers?"}));
  EXPECT_EQ(command_line_errors({"-w", "4"}),
            (Lines{"-w: unknown option; did you mean --workers?"}));
  EXPECT_EQ(command_line_errors({"--frobnicate"}),
            (Lines{"--frobnicate: unknown option; --help lists the options"}));
  EXPECT_EQ(command_line_errors({"--="}), (Lines{"--: unknown option; --help lists the options"}));
}

TEST(CommandLine, TakesOneArgumentWithoutAnOptionForWhatToServe) {
  const auto with_source = [](const Arguments& arguments) {
    Lines lines;
    for (const Setting& setting : read_command_line(arguments).settings) {
      lines.push_back(std::string(setting.option->name) + "=" + setting.value);
    }
    return lines;
  };
  EXPECT_EQ(with_source({"site"}), (Lines{"app=site"}));
  EXPECT_EQ(with_source({"--port", "1", "./site/"}), (Lines{"port=1", "app=./site/"}));
  EXPECT_EQ(with_source({"./site/", "--port", "1"}), (Lines{"port=1", "app=./site/"}));
  EXPECT_EQ(with_source({"--", "--odd"}), (Lines{"app=--odd"}));
  EXPECT_EQ(with_source({"--app", "site"}), (Lines{"app=site"}));
}

TEST(CommandLine, RefusesFurtherArgumentsThatBelongToNoOption) {
  EXPECT_EQ(command_line_errors({"site", "other"}), (Lines{unexpected("other")}));
  EXPECT_EQ(command_line_errors({"--app", "site", "other"}), (Lines{unexpected("other")}));
  EXPECT_EQ(command_line_errors({""}), (Lines{unexpected("")}));
  EXPECT_EQ(command_line_errors({"site", "--port", "1", "2"}), (Lines{unexpected("2")}));
  EXPECT_EQ(command_line_errors({"--help", "site", "me"}), (Lines{unexpected("me")}));
}

TEST(CommandLine, TellsTheValueOfAnUnknownOptionFromAnotherArgument) {
  const std::string unknown = "--wrokers: unknown option; did you mean --workers?";
  EXPECT_EQ(command_line_errors({"--wrokers", "4", "site", "x"}),
            (Lines{unknown, unexpected("x")}));
  EXPECT_EQ(command_line_errors({"--wrokers=4", "site", "x"}), (Lines{unknown, unexpected("x")}));
  EXPECT_EQ(command_line_errors({"--wrokers", "--port", "1", "site", "x"}),
            (Lines{unknown, unexpected("x")}));
}

TEST(CommandLine, TakesNoOptionsAfterTwoDashes) {
  EXPECT_EQ(command_line_errors({"--port", "1", "--"}), Lines{});
  EXPECT_EQ(command_line_errors({"--port", "1", "--", "site", "--help", "--"}),
            (Lines{unexpected("--help"), unexpected("--")}));
}

TEST(CommandLine, CollectsEveryError) {
  EXPECT_EQ(
      command_line_errors(
          {"--uds=", "--port", "1", "--port", "2", "--fd", "--wrokers", "x", "y", "z"}),
      (Lines{"--uds: the value after '=' is missing", "--port: is given 2 times; give it once",
             "--fd: the value is missing; use --fd N",
             "--wrokers: unknown option; did you mean --workers?", unexpected("z")}));
}

}  // namespace
}  // namespace prefork::config
