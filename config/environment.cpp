#include "config/environment.h"

#include <unistd.h>

#include <string_view>

#include "config/suggest.h"

namespace prefork {
namespace {

constexpr std::string_view kPrefix = "PREFORK_";

const OptionSpec* option_of(std::string_view variable) {
  for (const OptionSpec& option : option_table()) {
    if (environment_name(option) == variable) return &option;
  }
  return nullptr;
}

std::string unknown_variable(std::string_view variable) {
  const auto* meant = nearest_option(variable.substr(kPrefix.size()), Level::environment);
  if (meant != nullptr) return "unknown variable; did you mean " + environment_name(*meant) + "?";
  return "unknown variable; unset it, --help lists the options";
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void add_setting(Reading& reading, const OptionSpec& option, const std::string& variable,
                 std::string_view value) {
  reading.settings.push_back(
      {&option, std::string(value), Level::environment, variable, "environment " + variable});
}

void add_list(Reading& reading, const OptionSpec& option, const std::string& variable,
              std::string_view list) {
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = list.find(',', start);
    add_setting(reading, option, variable, trimmed(list.substr(start, comma - start)));
    if (comma == list.npos) return;
    start = comma + 1;
  }
}

}  // namespace

Reading read_environment(const Environment& environment) {
  Reading reading;
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(kPrefix)) continue;
    const OptionSpec* option = option_of(variable);
    if (option == nullptr) {
      reading.errors.push_back({variable, unknown_variable(variable)});
    } else if (!may_set(*option, Level::environment)) {
      reading.errors.push_back({variable, "works only on the command line, as " +
                                              command_line_name(*option) + "; unset it"});
    } else if (is_repeatable(option->field)) {
      add_list(reading, *option, variable, value);
    } else {
      add_setting(reading, *option, variable, value);
    }
  }
  return reading;
}

Environment current_environment() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == text.npos) continue;
    // As getenv() does, the first of two equal names counts.
    result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

}  // namespace prefork
