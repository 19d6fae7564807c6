// `prefork-server replay FILE [ARGUMENT]...`: what is asked for. A value.
#pragma once

#include <string>
#include <vector>

#include "config/base/result.h"

namespace prefork::replay {

inline constexpr const char* kReplayArgument = "replay";

// One line.
std::string usage();

struct ReplayOrder {
  std::string file;                    // that --keep-requests has left
  std::vector<std::string> arguments;  // of the server: what it serves, and options
};

// `arguments` behind the word itself.
config::Result<ReplayOrder> read_replay_order(const std::vector<std::string>& arguments);

}  // namespace prefork::replay
