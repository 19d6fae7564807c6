// The variables PREFORK_... as settings. Pure: the environment is handed in.
#pragma once

#include <map>
#include <string>

#include "config/sources/setting.h"

namespace prefork::config {

using Environment = std::map<std::string, std::string>;

// PREFORK_BIND holds several addresses separated by commas, PREFORK_HEADER several headers
// separated by line ends, because a header may have commas in it; so does PREFORK_SET. An unknown
// PREFORK_ variable is an error: a misspelled one would otherwise be ignored in silence.
Reading read_environment(const Environment& environment);

// The environment of this process.
Environment current_environment();

}  // namespace prefork::config
