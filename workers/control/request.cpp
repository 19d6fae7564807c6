#include "workers/control/request.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/base/columns.h"
#include "config/base/config_error.h"
#include "config/base/near_name.h"
#include "config/base/number.h"
#include "config/options/log_options.h"
#include "config/values/duration.h"

namespace prefork::control {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kHelpColumn = 20;

Failure misuse(std::string text) {
  return {ControlExit::usage, std::move(text) + "; see preforkctl --help"};
}

template <typename Table>
auto find_in(const Table& table, std::string_view name) {
  return std::find_if(table.begin(), table.end(),
                      [name](const auto& entry) { return entry.name == name; });
}

config::Result<void, Failure> set_duration(std::string_view option, std::string_view text,
                                           Request& request) {
  const auto duration = text == "off" ? 0ms : config::parse_duration(text);
  const bool is_interval = option == "interval";
  if (!duration || (is_interval && (*duration < 100ms || *duration > 1h))) {
    return misuse("--" + std::string(option) + ": " + config::in_quotes(text) +
                  (is_interval ? " is no time from 100ms to 1h" : " is no time such as 30s"));
  }
  if (is_interval) {
    request.interval = *duration;
  } else {
    request.timeout = *duration;
  }
  return {};
}

void set_switch(std::string_view option, Request& request) {
  if (option == "json") {
    request.json = true;
  } else if (option == "wait") {
    request.wait = true;
  } else if (option == "once") {
    request.once = true;
  } else {
    request.command = option;
  }
}

// Takes an option and what belongs to it off the front of `rest`.
config::Result<void, Failure> take_option(std::span<const std::string>& rest, Request& request) {
  std::string_view name = rest.front() == "-h" ? "--help" : std::string_view(rest.front());
  rest = rest.subspan(1);
  name.remove_prefix(2);
  std::optional<std::string_view> value;
  if (const std::size_t equals = name.find('='); equals != name.npos) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  const auto option = find_in(config::kControlOptions, name);
  if (option == config::kControlOptions.end()) {
    return misuse("there is no option --" + config::printable(name));
  }
  if (option->placeholder.empty()) {
    if (value) return misuse("--" + std::string(name) + " takes no value");
    set_switch(option->name, request);
    return {};
  }
  if (!value && !rest.empty()) {
    value = rest.front();
    rest = rest.subspan(1);
  }
  if (!value || value->empty()) {
    return misuse("--" + std::string(name) + " needs a value");
  }
  if (option->name != "socket") return set_duration(option->name, *value, request);
  request.socket = *value;
  return {};
}

config::Result<void, Failure> set_argument(std::string_view text, Request& request) {
  if (request.command == "log-level") {
    config::Options options;
    if (const auto known = config::set_log_level(options, text); !known.ok()) {
      return misuse(known.problem().text);
    }
    request.number = static_cast<std::uint32_t>(options.logging.level);
    return {};
  }
  const bool is_scale = request.command == "scale";
  const auto number = config::parse_number(text);
  const std::int64_t least = is_scale ? 1 : 0;
  const std::int64_t most = is_scale ? 256 : 1'000;
  if (!number || *number < least || *number > most) {
    return misuse(config::in_quotes(text) + (is_scale ? " is no number of workers from 1 to 256"
                                                      : " is no slot of a worker"));
  }
  request.number = static_cast<std::uint32_t>(*number);
  return {};
}

config::Result<void, Failure> check_switches(const Request& request) {
  if (request.wait && request.command != "reload" && request.command != "upgrade") {
    return misuse("--wait is for reload and upgrade");
  }
  const bool is_top = request.command == "top";
  if (request.once && !is_top) return misuse("--once is for top");
  if (request.json && is_top) {
    return misuse("top is for people; use --json with status or workers");
  }
  return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> Request::patience() const {
  const bool only_looks = command == "status" || command == "workers" || command == "top" ||
                          command == "config" || command == "last-words";
  const std::chrono::milliseconds patience = timeout.value_or(only_looks ? 10s : 5min);
  return patience == 0ms ? std::nullopt : std::optional(patience);
}

Answer<Request> read_request(std::span<const std::string> arguments) {
  Request request;
  std::vector<std::string_view> words;
  for (auto rest = arguments; !rest.empty();) {
    if (rest.front().starts_with("--") || rest.front() == "-h") {
      if (const auto taken = take_option(rest, request); !taken.ok()) return taken.problem();
      if (request.command == "help" || request.command == "version") return request;
    } else {
      words.emplace_back(rest.front());
      rest = rest.subspan(1);
    }
  }
  if (words.empty()) return misuse("a command is missing");
  const auto command = find_in(config::kControlCommands, words.front());
  if (command == config::kControlCommands.end()) {
    const std::string_view meant = config::nearest_name(config::kControlCommands, words.front());
    return misuse("there is no command " + config::in_quotes(words.front()) +
                  (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)"));
  }
  request.command = command->name;
  const std::size_t wanted = command->argument.empty() ? 1 : 2;
  if (words.size() < wanted) {
    return misuse(request.command + " needs its " + std::string(command->argument));
  }
  if (words.size() > wanted) return misuse(config::in_quotes(words[wanted]) + " is too much");
  if (wanted == 2) {
    if (const auto set = set_argument(words[1], request); !set.ok()) return set.problem();
  }
  if (const auto fine = check_switches(request); !fine.ok()) return fine.problem();
  return request;
}

std::string control_help(std::size_t width) {
  std::string help = "Usage: preforkctl [OPTION]... COMMAND\n";
  help += config::wrapped(
      "Commands a running prefork-server and answers when it has happened. It works while every "
      "worker hangs.",
      width);
  help += "\nCommands\n";
  for (const config::ControlCommand& command : config::kControlCommands) {
    std::string left(command.name);
    if (!command.argument.empty()) left += " " + std::string(command.argument);
    help += config::two_columns(left, kHelpColumn, command.help, width);
  }
  help += "\nOptions\n";
  for (const config::ControlOption& option : config::kControlOptions) {
    std::string left = "--" + std::string(option.name);
    if (!option.placeholder.empty()) left += " " + std::string(option.placeholder);
    help += config::two_columns(left, kHelpColumn, option.help, width);
  }
  help += "\nExit codes\n";
  for (const config::ControlExitCode& exit : config::kControlExitCodes) {
    help += config::two_columns(std::to_string(exit.code), kHelpColumn, exit.text, width);
  }
  return help;
}

}  // namespace prefork::control
