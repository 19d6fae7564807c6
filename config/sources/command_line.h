// The command line as settings: `--name value`, `--name=value`, `--switch`, `--no-switch`.
#pragma once

#include <span>
#include <string>

#include "config/sources/setting.h"

namespace prefork::config {

// `arguments` is without the program's name. Actions such as `--help` come as settings with the
// value `true`.
Reading read_command_line(std::span<const std::string> arguments);

}  // namespace prefork::config
