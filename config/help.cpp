#include "config/help.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "config/help_tables.h"
#include "config/options/option_table.h"
#include "config/values/exit_code.h"
#include "config/version.h"

namespace prefork::config {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kTextColumn = 38;  // of the longest option, its value and two spaces

// A line of two columns; the second is wrapped between its words.
std::string two_columns(const std::string& left, std::size_t column,
                        const std::vector<std::string>& words) {
  std::string output = "  " + left;
  output.append(column - std::min(column, output.size()), ' ');
  std::size_t line_length = output.size();
  bool is_first = true;
  for (const std::string& word : words) {
    if (!is_first && line_length + 1 + word.size() > kWidth) {
      output += "\n" + std::string(column, ' ');
      line_length = column;
    } else if (!is_first) {
      output += ' ';
      ++line_length;
    }
    output += word;
    line_length += word.size();
    is_first = false;
  }
  return output + "\n";
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return words;
}

std::string describe(const OptionSpec& option) {
  std::string left = command_line_name(option);
  if (!option.placeholder.empty()) left += " " + std::string(option.placeholder);
  std::vector<std::string> words = words_of(option.help);
  if (std::string brackets = in_brackets(option); !brackets.empty()) {
    // One word: it reads badly in two lines.
    words.push_back(std::move(brackets));
  }
  return two_columns(left, kTextColumn, words);
}

}  // namespace

std::string help_text() {
  std::string output =
      "Usage: prefork-server [PATH] [OPTION]...\n"
      "       prefork-server new NAME [--kind api|site|events]\n"
      "       prefork-server doctor [PATH] [OPTION]...\n"
      "       prefork-server selftest [--seconds N] [--only DEED,...] [-- OPTION...]\n"
      "       prefork-server replay FILE [PATH] [OPTION]...\n"
      "Serves HTTP from worker processes that a master forks, watches and replaces.\n"
      "PATH is a folder of files or an application (a shared object); without it a demo answers.\n"
      "`new` makes a folder with an application to begin with, of a kind with its test and its\n"
      "settings; ./new serves what is called new.\n"
      "`doctor` says what of this machine would hold up a server with these options, and a "
      "remedy.\n"
      "`selftest` kills, hangs and reloads a server of its own under load, and says what it "
      "lost.\n"
      "`replay` has a worker of its own answer a request that --keep-requests has left.\n"
      "In brackets: [default; range]. TIME is 500ms, 30s, 2m or 1h, a plain number is seconds;\n"
      "SIZE is 512, 64k, 1m or 1g, a plain number is bytes.\n";
  for (const auto& [group, title] : kOptionGroupTitles) {
    output += "\n" + std::string(title) + "\n";
    for (const OptionSpec& option : option_table()) {
      if (option.group == group) output += describe(option);
    }
  }
  output +=
      "\nSources, from strongest to weakest\n"
      "  command line    --limit-body 1m; a switch is turned off with --no-NAME\n"
      "  environment     PREFORK_LIMIT_BODY=1m; addresses end at commas, other lists at line ends\n"
      "  file            limit_body = \"1m\"; bind = [\":8000\", \"unix:/run/app.sock\"]\n"
      "  The strongest source that says where to listen also decides between --bind, --uds, --fd "
      "and\n"
      "  the pair of --host and --port; what a weaker one says in another form is not used.\n"
      "\nSignals to the master\n";
  for (const auto& [signals, text] : kSignalTexts) {
    output += two_columns(std::string(signals), 23, words_of(text));
  }
  output += "\nExit codes\n";
  for (const auto& [code, text] : kExitCodeTexts) {
    output += two_columns(std::to_string(to_int(code)), 5, words_of(text));
  }
  return output;
}

std::string version_text() { return "prefork-server " + std::string(kVersion) + "\n"; }

}  // namespace prefork::config
