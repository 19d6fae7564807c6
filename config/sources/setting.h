// A value as one source gave it, not yet checked, with where it stands; and what a source gave
// altogether. The readers of the command line, the environment and the file all make these.
#pragma once

#include <string>
#include <vector>

#include "config/base/config_error.h"
#include "config/options/option_table.h"

namespace prefork::config {

// From weakest to strongest.
enum class Level { by_default, fallback_variable, file, environment, command_line };

struct Setting {
  const OptionSpec* option = nullptr;
  std::string value;
  Level level = Level::by_default;
  std::string source;  // as in ConfigError
  std::string origin;  // as `--print-config` shows it: `command line`, `/etc/shop.toml:12`
};

struct Reading {
  std::vector<Setting> settings;
  std::vector<ConfigError> errors;
};

}  // namespace prefork::config
