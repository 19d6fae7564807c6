// The one declaration of every option: name, place in the help, text, value and range. The command
// line, the environment, the file, `--help` and `--print-config` are all made from this table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/options/option_field.h"

namespace prefork::config {

enum class OptionGroup {
  listening,
  processes,
  timeouts,
  limits,
  proxies,
  responses,
  static_files,
  development,
  admin,
  logging,
  service,
  demo,
  general
};

// Where an option may be set.
enum class OptionReach {
  everywhere,
  not_in_file,        // --config: the file cannot name itself
  command_line_only,  // --help and other actions
};

struct OptionSpec {
  std::string_view name;         // without dashes
  std::string_view placeholder;  // what the value is; empty for a switch
  OptionGroup group;
  std::string_view help;  // without the default and the range: they come from the field
  OptionField field;
  std::string_view default_note = {};  // for the help, where the plain value does not say it
  OptionReach reach = OptionReach::everywhere;
};

std::span<const OptionSpec> option_table();

// Null when there is no such option. `name` is without dashes.
const OptionSpec* find_option(std::string_view name);

// The spellings of an option: `--limit-body`, `PREFORK_LIMIT_BODY`, `limit_body`.
std::string command_line_name(const OptionSpec& option);
std::string environment_name(const OptionSpec& option);
std::string file_key(const OptionSpec& option);

}  // namespace prefork::config
