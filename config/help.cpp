#include "config/help.h"

#include <array>
#include <string_view>

#include "config/base/columns.h"
#include "config/help_tables.h"
#include "config/options/option_table.h"
#include "config/options/server_commands.h"
#include "config/values/exit_code.h"
#include "config/version.h"

namespace prefork::config {
namespace {

constexpr std::size_t kOptionColumn = 38;  // of the longest option, its value and two spaces
constexpr std::size_t kShortColumn = 18;
constexpr std::size_t kSignalColumn = 23;
constexpr std::size_t kCodeColumn = 5;

struct SourceText {
  std::string_view source;
  std::string_view text;
};

// From the strongest to the weakest.
constexpr std::array kSourceTexts = {
    SourceText{"command line", "--limit-body 1m; a switch is turned off with --no-NAME"},
    SourceText{"environment",
               "PREFORK_LIMIT_BODY=1m; addresses end at commas, other lists at line ends"},
    SourceText{"file", "limit_body = \"1m\"; bind = [\":8000\", \"unix:/run/app.sock\"]"},
};

std::string usage() {
  std::string text = "Usage: prefork-server [PATH] [OPTION]...\n";
  for (const ServerCommand& command : kServerCommands) {
    text += "       prefork-server " + std::string(command.name) + " " +
            std::string(command.arguments) + "\n";
  }
  return text;
}

std::string describe(const OptionSpec& option, std::size_t width) {
  std::string left = command_line_name(option);
  if (!option.placeholder.empty()) left += " " + std::string(option.placeholder);
  return two_columns(left, kOptionColumn, option.help, width, in_brackets(option));
}

std::string sources(std::size_t width) {
  std::string text = "\nSources, from strongest to weakest\n";
  for (const auto& [source, example] : kSourceTexts) {
    text += two_columns(source, kShortColumn, example, width);
  }
  return text + two_columns("", 2,
                            "The strongest source that says where to listen also decides between "
                            "--bind, --uds, --fd and the pair of --host and --port; what a weaker "
                            "one says in another form is not used.",
                            width);
}

}  // namespace

std::string help_text(std::size_t width) {
  std::string output = usage();
  output += wrapped(
      "Serves HTTP from worker processes that a master forks, watches and replaces. PATH is a "
      "folder of files or an application (a shared object); without it a demo answers.",
      width);
  output += wrapped(
      "In brackets: [default; range]. TIME is 500ms, 30s, 2m or 1h, a plain number is seconds; "
      "SIZE is 512, 64k, 1m or 1g, a plain number is bytes.",
      width);
  output += "\nCommands (instead of serving)\n";
  for (const ServerCommand& command : kServerCommands) {
    output += two_columns(command.name, kShortColumn, command.help, width);
  }
  for (const auto& [group, title] : kOptionGroupTitles) {
    output += "\n" + std::string(title) + "\n";
    for (const OptionSpec& option : option_table()) {
      if (option.group == group) output += describe(option, width);
    }
  }
  output += sources(width) + "\nSignals to the master\n";
  for (const auto& [signals, text] : kSignalTexts) {
    output += two_columns(signals, kSignalColumn, text, width);
  }
  output += "\nExit codes\n";
  for (const auto& [code, text] : kExitCodeTexts) {
    output += two_columns(std::to_string(to_int(code)), kCodeColumn, text, width);
  }
  return output;
}

std::string version_text() { return "prefork-server " + std::string(kVersion) + "\n"; }

}  // namespace prefork::config
