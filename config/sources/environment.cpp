#include "config/sources/environment.h"

#include <unistd.h>

#include <string_view>

#include "config/base/text.h"
#include "config/sources/suggest.h"
#include "config/values/bind.h"

namespace prefork::config {
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

void add_setting(Reading& reading, const OptionSpec& option, const std::string& variable,
                 std::string_view value) {
  reading.settings.push_back(
      {&option, std::string(value), Level::environment, variable, "environment " + variable});
}

// The end of one value of the list. The comma of `:8000,proxy-protocol` is a part of the value.
std::size_t end_of_value(std::string_view list, char separator) {
  std::size_t end = list.find(separator);
  while (end != list.npos) {
    const std::string_view rest = list.substr(end);
    const bool is_suffix = rest.starts_with(kProxyProtocolSuffix) &&
                           rest.find_first_not_of(' ', kProxyProtocolSuffix.size()) ==
                               rest.find(separator, kProxyProtocolSuffix.size());
    if (!is_suffix) return end;
    end = list.find(separator, end + 1);
  }
  return list.size();
}

void add_list(Reading& reading, const OptionSpec& option, const std::string& variable,
              std::string_view list) {
  const char separator = separator_of(option.field);
  while (true) {
    const std::size_t end = end_of_value(list, separator);
    add_setting(reading, option, variable, trim(list.substr(0, end)));
    if (end == list.size()) return;
    list.remove_prefix(end + 1);
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

}  // namespace prefork::config
