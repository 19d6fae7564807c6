#include "config/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "config/options/option_table.h"
#include "config/options/server_commands.h"
#include "config/values/exit_code.h"

namespace prefork::config {
namespace {

using testing::HasSubstr;

TEST(Help, FitsIntoTheTerminal) {
  for (const std::size_t width : {80u, 90u, 100u}) {
    std::istringstream lines(help_text(width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), width) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(Help, ListsEveryCommandWithItsArguments) {
  const std::string help = help_text(100);
  for (const ServerCommand& command : kServerCommands) {
    EXPECT_THAT(help, HasSubstr("prefork-server " + std::string(command.name) + " " +
                                std::string(command.arguments) + "\n"));
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(command.name) + " "));
  }
}

TEST(Help, ListsEveryOptionOnce) {
  const std::string help = help_text(100);
  for (const OptionSpec& option : option_table()) {
    const std::string line = "\n  " + command_line_name(option) + " ";
    const std::size_t first = help.find(line);
    ASSERT_NE(first, std::string::npos) << option.name;
    EXPECT_EQ(help.find(line, first + 1), std::string::npos) << option.name;
  }
}

TEST(Help, StartsEveryTextInTheSameColumn) {
  const std::string help = help_text(100);
  for (const OptionSpec& option : option_table()) {
    std::string left = "\n  " + command_line_name(option);
    if (!option.placeholder.empty()) left += " " + std::string(option.placeholder);
    ASSERT_LE(left.size(), 37u) << option.name;
    left.append(39 - left.size(), ' ');
    EXPECT_THAT(help, HasSubstr(left + std::string(option.help.substr(0, 10))));
  }
}

TEST(Help, ShowsDefaultsAndRangesWithTheirUnits) {
  const std::string help = help_text(100);
  EXPECT_THAT(help, HasSubstr("[5s; 10ms to 24h]"));
  EXPECT_THAT(help, HasSubstr("[8k; 256 to 64k]"));
  EXPECT_THAT(help, HasSubstr("[$PORT or 8000; 0 to 65535]"));
  EXPECT_THAT(help, HasSubstr("[$WEB_CONCURRENCY or auto; 1 to 256]"));
  EXPECT_THAT(help, HasSubstr("[127.0.0.1:8001]"));
  EXPECT_THAT(help, HasSubstr("[off; 10ms to 24h or off]"));
  EXPECT_THAT(help, HasSubstr("[$FORWARDED_ALLOW_IPS or 127.0.0.1,::1,unix]"));
  EXPECT_THAT(help, HasSubstr("Send the header Date; --no-date-header leaves it out. [on]"));
}

TEST(Help, ListsEveryExitCode) {
  const std::string help = help_text(100);
  std::set<int> codes;
  for (const auto& [code, text] : kExitCodeTexts) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::to_string(to_int(code)) + "  " + std::string(text)));
    codes.insert(to_int(code));
  }
  EXPECT_EQ(codes, (std::set{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(OptionTable, SpellsANameInThreeWays) {
  const OptionSpec* option = find_option("limit-max-requests-jitter");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(command_line_name(*option), "--limit-max-requests-jitter");
  EXPECT_EQ(environment_name(*option), "PREFORK_LIMIT_MAX_REQUESTS_JITTER");
  EXPECT_EQ(file_key(*option), "limit_max_requests_jitter");
}

TEST(OptionTable, HasEveryNameOnce) {
  std::set<std::string_view> names;
  for (const OptionSpec& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(find_option(std::string(option.name) + "x"));
  }
}

}  // namespace
}  // namespace prefork::config
