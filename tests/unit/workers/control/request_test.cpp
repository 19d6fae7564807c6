#include "workers/control/request.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace prefork::control {
namespace {

using namespace std::chrono_literals;

Request request_of(const std::vector<std::string>& arguments) {
  const auto request = read_request(arguments);
  EXPECT_TRUE(request.ok()) << (request.ok() ? "" : request.problem().text);
  return request.ok() ? request.value() : Request{};
}

std::string problem_of(const std::vector<std::string>& arguments) {
  const auto request = read_request(arguments);
  EXPECT_FALSE(request.ok());
  if (request.ok()) return "";
  EXPECT_EQ(request.problem().exit, ControlExit::usage);
  return request.problem().text;
}

TEST(ControlRequest, OptionsStandBeforeAndBehindTheCommand) {
  const Request request =
      request_of({"--socket", "/run/a", "restart", "3", "--timeout=2m", "--json"});
  EXPECT_EQ(request.command, "restart");
  EXPECT_EQ(request.number, 3U);
  EXPECT_EQ(request.socket, "/run/a");
  EXPECT_TRUE(request.json);
  EXPECT_EQ(request.patience(), 2min);
}

TEST(ControlRequest, WhatOnlyLooksWaitsLessThanWhatChangesSomething) {
  EXPECT_EQ(request_of({"status"}).patience(), 10s);
  EXPECT_EQ(request_of({"stop"}).patience(), 5min);
  EXPECT_EQ(request_of({"stop", "--timeout", "off"}).patience(), std::nullopt);
}

TEST(ControlRequest, ALogLevelIsANumberOnTheWire) {
  EXPECT_EQ(request_of({"log-level", "trace"}).number, 0U);
  EXPECT_EQ(request_of({"log-level", "off"}).number, 6U);
}

TEST(ControlRequest, HelpGoesFirst) {
  EXPECT_EQ(request_of({"-h"}).command, "help");
  EXPECT_EQ(request_of({"nonsense", "--help", "--more"}).command, "help");
  EXPECT_EQ(request_of({"--version"}).command, "version");
}

TEST(ControlRequest, WhatIsWrongIsToldInOneLine) {
  constexpr std::string_view kSee = "; see preforkctl --help";
  const auto told = [&](const std::vector<std::string>& arguments) {
    const std::string problem = problem_of(arguments);
    EXPECT_TRUE(problem.ends_with(kSee)) << problem;
    return problem.substr(0, problem.size() - kSee.size());
  };
  EXPECT_EQ(told({}), "a command is missing");
  EXPECT_EQ(told({"downgrade"}), "there is no command 'downgrade'");
  EXPECT_EQ(told({"stats"}), "there is no command 'stats' (did you mean status?)");
  EXPECT_EQ(told({"--loud", "status"}), "there is no option --loud");
  EXPECT_EQ(told({"--json=1", "status"}), "--json takes no value");
  EXPECT_EQ(told({"status", "--socket"}), "--socket needs a value");
  EXPECT_EQ(told({"drain"}), "drain needs its SLOT");
  EXPECT_EQ(told({"drain", "-1"}), "'-1' is no slot of a worker");
  EXPECT_EQ(told({"scale", "257"}), "'257' is no number of workers from 1 to 256");
  EXPECT_EQ(told({"status", "x"}), "'x' is too much");
  EXPECT_EQ(told({"stop", "--wait"}), "--wait is for reload and upgrade");
  EXPECT_EQ(told({"status", "--once"}), "--once is for top");
  EXPECT_EQ(told({"top", "--json"}), "top is for people; use --json with status or workers");
  EXPECT_EQ(told({"top", "--interval", "1ms"}), "--interval: '1ms' is no time from 100ms to 1h");
  EXPECT_EQ(told({"status", "--timeout", "soon"}), "--timeout: 'soon' is no time such as 30s");
}

TEST(ControlRequest, TheHelpFitsAndNamesEverything) {
  for (const std::size_t width : {80U, 100U}) {
    std::istringstream lines(control_help(width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), width) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
  const std::string help = control_help(100);
  for (const config::ControlCommand& command : config::kControlCommands) {
    EXPECT_NE(help.find("\n  " + std::string(command.name) + " "), help.npos) << command.name;
  }
  for (const config::ControlOption& option : config::kControlOptions) {
    EXPECT_NE(help.find("\n  --" + std::string(option.name) + " "), help.npos) << option.name;
  }
  EXPECT_NE(help.find("\n  124 "), help.npos);
}

}  // namespace
}  // namespace prefork::control
