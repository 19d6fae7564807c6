#include "workers/replay/replay_order.h"

#include <algorithm>
#include <string_view>

namespace prefork::replay {

namespace {

constexpr std::string_view kUsage =
    "Usage: prefork-server replay FILE [PATH] [OPTION]... (FILE: of --keep-requests; PATH and "
    "options: as of the server that left it)";
// The replay's own: one worker, nobody beside it, a socket of its own.
constexpr std::string_view kTakenOptions[] = {
    "--workers", "--host",    "--port",      "--uds",           "--bind",     "--fd",
    "--admin",   "--control", "--notify-fd", "--keep-requests", "--log-file", "--log-level"};

std::string_view name_of(const std::string& argument) {
  return std::string_view(argument).substr(0, argument.find('='));
}

}  // namespace

std::string usage() { return std::string(kUsage); }

config::Result<ReplayOrder> read_replay_order(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with("-")) {
    return config::Problem{"replay: there is no file. " + std::string(kUsage)};
  }
  ReplayOrder order{arguments.front(), {arguments.begin() + 1, arguments.end()}};
  // Between what is served and the options, for those who know it from other commands.
  std::erase(order.arguments, "--");
  for (const std::string& argument : order.arguments) {
    if (std::find(std::begin(kTakenOptions), std::end(kTakenOptions), name_of(argument)) !=
        std::end(kTakenOptions)) {
      return config::Problem{"replay: " + std::string(name_of(argument)) +
                             " is not for the server of a replay, which has one worker and a "
                             "socket of its own. " +
                             std::string(kUsage)};
    }
  }
  return order;
}

}  // namespace prefork::replay
