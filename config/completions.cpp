#include "config/completions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "config/control_commands.h"
#include "config/options/option_table.h"
#include "config/options/server_commands.h"

namespace prefork::config {
namespace {

// One word of a command line that begins with dashes.
struct Flag {
  std::string name;         // without dashes
  std::string placeholder;  // empty: a switch
  std::string help;
};

struct Values {
  std::string_view placeholder;
  std::string_view words;
};

// What is known of the values behind a placeholder. All others are the user's.
constexpr std::array kValues = {
    Values{"LEVEL", "trace debug info warning error critical off"},
    Values{"METHOD", "fork spawn forkserver"},
    Values{"ORDER", "fcfs shortest round-robin feedback"},
    Values{"FORMAT", "combined json"},
    Values{"N|auto", "auto"},
    Values{"auto|llhttp", "auto llhttp"},
    Values{"off|auto|LIST", "off auto"},
    Values{"off|propagate|otlp", "off propagate otlp"},
    Values{"SHELL", "bash zsh fish"},
    Values{"PAGE", "prefork-server.8 preforkctl.1 prefork.toml.5"},
};

std::string_view words_for(std::string_view placeholder) {
  const auto* const found = std::find_if(kValues.begin(), kValues.end(), [&](const Values& values) {
    return values.placeholder == placeholder;
  });
  return found == kValues.end() ? std::string_view() : found->words;
}

bool is_path(std::string_view placeholder) {
  return placeholder == "PATH" || placeholder == "FILE" || placeholder == "PATH|off";
}

std::vector<Flag> server_flags() {
  std::vector<Flag> flags;
  for (const OptionSpec& option : option_table()) {
    const std::string name(option.name);
    flags.push_back({name, std::string(option.placeholder), std::string(option.help)});
    if (is_switch(option.field) && !is_action(option.field)) {
      flags.push_back({"no-" + name, "", "Turns off --" + name + "."});
    }
  }
  return flags;
}

std::vector<Flag> control_flags() {
  std::vector<Flag> flags;
  for (const ControlOption& option : kControlOptions) {
    flags.push_back(
        {std::string(option.name), std::string(option.placeholder), std::string(option.help)});
  }
  return flags;
}

template <typename Table>
std::string names_in(const Table& table) {
  std::string names;
  for (const auto& entry : table) {
    names += (names.empty() ? "" : " ") + std::string(entry.name);
  }
  return names;
}

// The first sentence, or what comes before a list: what a menu has room for.
std::string brief(std::string_view help) {
  const std::size_t end =
      std::min({help.find(". "), help.find(": "), help.find("; "), help.size()});
  std::string text(help.substr(0, end));
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// Within single quotes; `also`: what else has a meaning there.
std::string quoted(std::string_view text, std::string_view also = "") {
  std::string safe;
  for (const char letter : text) {
    if (letter == '\'') {
      safe += "'\\''";
      continue;
    }
    if (also.find(letter) != also.npos) safe += '\\';
    safe += letter;
  }
  return safe;
}

// --- bash ----------------------------------------------------------------------------------------

// `first`, `rest`: what compgen makes the first word of, and each other that is no option.
std::string bash_function(const std::string& name, const std::vector<Flag>& flags,
                          const std::string& first, const std::string& rest) {
  std::string names;
  std::string cases;
  std::string paths;
  std::string others;
  for (const Flag& flag : flags) {
    const std::string option = "--" + flag.name;
    names += (names.empty() ? "" : " ") + option;
    if (flag.placeholder.empty()) continue;
    if (const std::string_view values = words_for(flag.placeholder); !values.empty()) {
      cases += "    " + option + ") COMPREPLY=($(compgen -W '" + std::string(values) +
               "' -- \"$word\")); return ;;\n";
    } else {
      std::string& list = is_path(flag.placeholder) ? paths : others;
      list += (list.empty() ? "" : "|") + option;
    }
  }
  if (!paths.empty()) {
    cases += "    " + paths + ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n";
  }
  if (!others.empty()) cases += "    " + others + ") return ;;\n";
  const std::string of_first = first == rest
                                   ? ""
                                   : "  elif ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen " +
                                         first + " -- \"$word\"))\n";
  return name +
         "() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n" +
         "  COMPREPLY=()\n  case $before in\n" + cases + "  esac\n" +
         "  if [[ $word == -* ]]; then\n    COMPREPLY=($(compgen -W '" + names +
         "' -- \"$word\"))\n" + of_first + "  else\n    COMPREPLY=($(compgen " + rest +
         " -- \"$word\"))\n  fi\n}\n";
}

std::string bash_script() {
  const std::string commands = "-W '" + names_in(kControlCommands) + "'";
  return bash_function("_prefork_server", server_flags(),
                       "-f -W '" + names_in(kServerCommands) + "'", "-f") +
         "complete -o filenames -F _prefork_server prefork-server\n" +
         bash_function("_preforkctl", control_flags(), commands, commands) +
         "complete -F _preforkctl preforkctl\n";
}

// --- zsh -----------------------------------------------------------------------------------------

std::string zsh_value(const std::string& placeholder) {
  if (placeholder.empty()) return "";
  const std::string_view values = words_for(placeholder);
  std::string action = " ";
  if (!values.empty()) {
    action = "(" + std::string(values) + ")";
  } else if (is_path(placeholder)) {
    action = "_files";
  }
  return ":" + quoted(placeholder, ":") + ":" + action;
}

// `first`, `rest`: what _arguments is told of the first word, and of each other that is no option.
std::string zsh_function(const std::string& name, const std::vector<Flag>& flags,
                         const std::string& first, const std::string& rest) {
  std::string text = name + "() {\n  local -a first\n";
  if (!first.empty()) {
    text += "  (( CURRENT == 2 )) && first=('" + first + "')\n";
  }
  text += "  _arguments \\\n";
  for (const Flag& flag : flags) {
    const std::string separator = flag.placeholder.empty() ? "" : "=";
    text += "    '*--" + flag.name + separator + "[" + quoted(brief(flag.help), ":[]\\") + "]" +
            zsh_value(flag.placeholder) + "' \\\n";
  }
  return text + "    $first '" + rest + "'\n}\n";
}

std::string zsh_script() {
  // The space before the function keeps options of compadd(1) from it.
  return "#compdef prefork-server preforkctl\n" +
         zsh_function("_prefork_server", server_flags(),
                      "1: : _alternative \"commands\\:command\\:(" + names_in(kServerCommands) +
                          ")\" \"paths\\:path\\:_files\"",
                      "*:path:_files") +
         zsh_function("_preforkctl", control_flags(), "",
                      "*:command:(" + names_in(kControlCommands) + ")") +
         "case $service in\n  prefork-server) _prefork_server \"$@\" ;;\n"
         "  preforkctl) _preforkctl \"$@\" ;;\nesac\n";
}

// --- fish ----------------------------------------------------------------------------------------

// Within single quotes, where a backslash has a meaning in fish.
std::string fish_quoted(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') safe += '\\';
    safe += letter;
  }
  return "'" + safe + "'";
}

std::string fish_flags(const std::string& program, const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) {
    text += "complete -c " + program + " -l " + flag.name;
    if (!flag.placeholder.empty()) {
      const std::string_view values = words_for(flag.placeholder);
      text += is_path(flag.placeholder) ? " -r -F" : " -x";
      if (!values.empty()) text += " -a '" + std::string(values) + "'";
    }
    text += " -d " + fish_quoted(brief(flag.help)) + "\n";
  }
  return text;
}

// `when`: a test(1) of fish.
template <typename Table>
std::string fish_commands(const std::string& program, const Table& table, const std::string& when) {
  std::string text;
  for (const auto& command : table) {
    text += "complete -c " + program + " -n " + fish_quoted(when) + " -a " +
            std::string(command.name) + " -d " + fish_quoted(brief(command.help)) + "\n";
  }
  return text;
}

std::string fish_script() {
  const std::string is_first = "test (count (commandline -opc)) -eq 1";
  const std::string has_none = "not __fish_seen_subcommand_from " + names_in(kControlCommands);
  return fish_commands("prefork-server", kServerCommands, is_first) +
         fish_flags("prefork-server", server_flags()) + "complete -c preforkctl -f\n" +
         fish_commands("preforkctl", kControlCommands, has_none) +
         fish_flags("preforkctl", control_flags());
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return "";
}

}  // namespace prefork::config
