// How the master makes a process. A plain value.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

enum class StartMethod : std::uint8_t {
  fork,        // a copy of the master
  spawn,       // the program started anew: nothing is inherited but what it is handed
  forkserver,  // a copy of a process that does nothing else; with --preload it has the application
};

Result<StartMethod> parse_start_method(std::string_view text);
std::string_view to_string(StartMethod method);

}  // namespace prefork::config
