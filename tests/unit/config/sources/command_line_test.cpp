#include "config/sources/command_line.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

Lines settings_of(const Arguments& arguments) {
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

Lines errors_in(const Arguments& arguments) {
  return lines_of(read_command_line(arguments).errors);
}

std::string unexpected(const std::string& argument) {
  return "command line: unexpected argument '" + argument +
         "'; every setting is an option, --help lists them";
}

TEST(CommandLine, TakesAValueAfterASpaceOrAnEqualsSign) {
  EXPECT_EQ(settings_of({"--port", "80"}), (Lines{"--port=80"}));
  EXPECT_EQ(settings_of({"--port=80"}), (Lines{"--port=80"}));
  EXPECT_EQ(settings_of({"--log-file=a=b"}), (Lines{"--log-file=a=b"}));
  EXPECT_EQ(settings_of({"--access-log", "-"}), (Lines{"--access-log=-"}));
  EXPECT_EQ(settings_of({"--threads", "-5"}), (Lines{"--threads=-5"}));
  EXPECT_EQ(settings_of({"--log-file=--odd"}), (Lines{"--log-file=--odd"}));
}

TEST(CommandLine, KeepsTheOrderOfARepeatedOption) {
  EXPECT_EQ(settings_of({"--bind", ":2", "--bind=[::1]:1", "--bind", "[x]"}),
            (Lines{"--bind=:2", "--bind=[::1]:1", "--bind=[x]"}));
}

TEST(CommandLine, TakesSwitchesWithAndWithoutNo) {
  EXPECT_EQ(settings_of({"--demo-crash"}), (Lines{"--demo-crash=true"}));
  EXPECT_EQ(settings_of({"--no-demo-crash"}), (Lines{"--demo-crash=false"}));
  EXPECT_EQ(settings_of({"-h"}), (Lines{"--help=true"}));
  EXPECT_EQ(settings_of({"--check-config"}), (Lines{"--check-config=true"}));
}

TEST(CommandLine, RefusesAnOptionWithoutAValue) {
  EXPECT_EQ(errors_in({"--port"}), (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(errors_in({"--port", ""}), (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(errors_in({"--port", "--host", "::"}),
            (Lines{"--port: the value is missing; use --port PORT"}));
  EXPECT_EQ(errors_in({"--port=", "80"}), (Lines{"--port: the value after '=' is missing"}));
}

TEST(CommandLine, RefusesAnOptionThatIsGivenTwice) {
  EXPECT_EQ(errors_in({"--port", "1", "--port=2"}),
            (Lines{"--port: is given 2 times; give it once"}));
  EXPECT_EQ(errors_in({"--demo-crash", "--no-demo-crash"}),
            (Lines{"--demo-crash: is given 2 times; give it once"}));
}

TEST(CommandLine, SuggestsTheOptionThatWasMeant) {
  EXPECT_EQ(errors_in({"--wrokers", "4"}),
            (Lines{"--wrokers: unknown option; did you mean --workers?"}));
  EXPECT_EQ(errors_in({"--wrokers=4"}),
            (Lines{"--wrokers: unknown option; did you mean --workers?"}));
  EXPECT_EQ(errors_in({"-w", "4"}), (Lines{"-w: unknown option; did you mean --workers?"}));
  EXPECT_EQ(errors_in({"--frobnicate"}),
            (Lines{"--frobnicate: unknown option; --help lists the options"}));
  EXPECT_EQ(errors_in({"--="}), (Lines{"--: unknown option; --help lists the options"}));
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
  EXPECT_EQ(errors_in({"site", "other"}), (Lines{unexpected("other")}));
  EXPECT_EQ(errors_in({"--app", "site", "other"}), (Lines{unexpected("other")}));
  EXPECT_EQ(errors_in({""}), (Lines{unexpected("")}));
  EXPECT_EQ(errors_in({"site", "--port", "1", "2"}), (Lines{unexpected("2")}));
  EXPECT_EQ(errors_in({"--help", "site", "me"}), (Lines{unexpected("me")}));
}

TEST(CommandLine, TellsTheValueOfAnUnknownOptionFromAnotherArgument) {
  const std::string unknown = "--wrokers: unknown option; did you mean --workers?";
  EXPECT_EQ(errors_in({"--wrokers", "4", "site", "x"}), (Lines{unknown, unexpected("x")}));
  EXPECT_EQ(errors_in({"--wrokers=4", "site", "x"}), (Lines{unknown, unexpected("x")}));
  EXPECT_EQ(errors_in({"--wrokers", "--port", "1", "site", "x"}),
            (Lines{unknown, unexpected("x")}));
}

TEST(CommandLine, TakesNoOptionsAfterTwoDashes) {
  EXPECT_EQ(errors_in({"--port", "1", "--"}), Lines{});
  EXPECT_EQ(errors_in({"--port", "1", "--", "site", "--help", "--"}),
            (Lines{unexpected("--help"), unexpected("--")}));
}

TEST(CommandLine, CollectsEveryError) {
  EXPECT_EQ(
      errors_in({"--uds=", "--port", "1", "--port", "2", "--fd", "--wrokers", "x", "y", "z"}),
      (Lines{"--uds: the value after '=' is missing", "--port: is given 2 times; give it once",
             "--fd: the value is missing; use --fd N",
             "--wrokers: unknown option; did you mean --workers?", unexpected("z")}));
}

}  // namespace
}  // namespace prefork::config
