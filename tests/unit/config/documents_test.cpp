#include <gtest/gtest.h>

#include <string>

#include "config/completions.h"
#include "config/control_commands.h"
#include "config/man_pages.h"
#include "config/options/option_table.h"
#include "config/options/server_commands.h"
#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

std::string as_in_a_page(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    escaped += letter == '-' ? "\\-" : std::string(1, letter);
  }
  return escaped;
}

TEST(ManPages, NameEveryOptionCommandAndKey) {
  const std::string server = man_page("prefork-server.8");
  const std::string control = man_page("preforkctl.1");
  const std::string file = man_page("prefork.toml.5");
  for (const OptionSpec& option : option_table()) {
    const std::string name = "\\fB" + as_in_a_page(command_line_name(option)) + "\\fR";
    EXPECT_NE(server.find(name), server.npos) << name;
    const bool is_key = file.find("\\fB" + file_key(option) + "\\fR") != file.npos;
    EXPECT_EQ(is_key, option.reach == OptionReach::everywhere) << option.name;
  }
  for (const ControlCommand& command : kControlCommands) {
    EXPECT_NE(control.find("\\fB" + as_in_a_page(command.name) + "\\fR"), control.npos);
  }
  for (const ServerCommand& command : kServerCommands) {
    EXPECT_NE(server.find("\\fB" + as_in_a_page(command.name) + "\\fR"), server.npos);
  }
}

TEST(ManPages, NoLineOfTextIsTakenForARequest) {
  for (const char* page : {"prefork-server.8", "preforkctl.1", "prefork.toml.5"}) {
    std::istringstream lines(man_page(page));
    for (std::string line; std::getline(lines, line);) {
      ASSERT_FALSE(line.empty()) << page;
      EXPECT_NE(line.front(), '\'') << line;
      const bool is_request = line.front() == '.';
      EXPECT_TRUE(!is_request || line.find_first_of("TSPBbnf", 1) == 1) << line;
    }
  }
  EXPECT_EQ(man_page("prefork.1"), "");
}

TEST(Completions, NameEveryOptionAndCommandInEachShell) {
  for (const std::string_view shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell);
    for (const OptionSpec& option : option_table()) {
      const std::string name = (shell == "fish" ? "-l " : "--") + std::string(option.name);
      EXPECT_NE(script.find(name), script.npos) << shell << " " << name;
    }
    for (const ControlCommand& command : kControlCommands) {
      EXPECT_NE(script.find(command.name), script.npos) << shell << " " << command.name;
    }
    for (const ServerCommand& command : kServerCommands) {
      EXPECT_NE(script.find(command.name), script.npos) << shell << " " << command.name;
    }
  }
  EXPECT_EQ(completion_script("csh"), "");
}

TEST(Completions, AreAskedForOnTheCommandLineOnly) {
  const Arguments bash = {"--print-completion", "bash"};
  const Loaded loaded = load_options(bash, {});
  EXPECT_EQ(loaded.action, Action::print_and_exit);
  EXPECT_EQ(loaded.output, completion_script("bash"));
  const Arguments page = {"--print-man", "preforkctl.1"};
  EXPECT_EQ(load_options(page, {}).output, man_page("preforkctl.1"));
  EXPECT_EQ(errors_of({"--print-completion", "csh"}),
            Lines{"--print-completion: 'csh' is not known; use bash, zsh or fish"});
  EXPECT_EQ(errors_of({"--print-man", "ls.1"}).size(), 1U);
  EXPECT_EQ(errors_of({}, {{"PREFORK_PRINT_MAN", "preforkctl.1"}}).size(), 1U);
}

TEST(Control, IsADefaultPlaceAPathOrOff) {
  const TemporaryFolder folder;
  EXPECT_TRUE(options_of({}).control.is_on);
  EXPECT_EQ(options_of({}).control.path, "");
  EXPECT_FALSE(options_of({"--control", "off"}).control.is_on);
  EXPECT_EQ(options_of({}, {{"PREFORK_CONTROL", folder / "s"}}).control.path, folder / "s");
  EXPECT_EQ(errors_of({"--control", folder / "nowhere/s"}).size(), 1U);
}

}  // namespace
}  // namespace prefork::config
