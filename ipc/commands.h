// What an operator can order a running server to do, and how it is answered, in the words that
// preforkctl, the observer and the master share. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace prefork::ipc {

// The numbers are part of the control protocol.
enum class CommandKind : std::uint8_t {
  // Answered by the observer.
  statistics = 1,     // argument 1: with the buckets of the latency
  configuration = 2,  // what is in force
  // Answered by the master.
  stop = 3,
  reload = 4,   // argument 1: answered when the new generation serves, or is given up
  restart = 5,  // argument: the slot
  scale = 6,    // argument: the number of workers
  drain = 7,    // argument: the slot
  reopen_logs = 8,
  log_level = 9,  // argument: its number
  upgrade = 10,   // argument 1: answered when the new program's workers serve, or it is given up
};
inline constexpr CommandKind kLastCommand = CommandKind::upgrade;

constexpr bool is_for_master(CommandKind kind) { return kind >= CommandKind::stop; }

constexpr std::string_view to_string(CommandKind kind) {
  switch (kind) {
    case CommandKind::statistics:
      return "statistics";
    case CommandKind::configuration:
      return "config";
    case CommandKind::stop:
      return "stop";
    case CommandKind::reload:
      return "reload";
    case CommandKind::restart:
      return "restart";
    case CommandKind::scale:
      return "scale";
    case CommandKind::drain:
      return "drain";
    case CommandKind::reopen_logs:
      return "reopen-logs";
    case CommandKind::log_level:
      return "log-level";
    case CommandKind::upgrade:
      return "upgrade";
  }
  return "unknown";
}

// How a command ended. The numbers are part of the control protocol.
enum class Verdict : std::uint8_t {
  done = 1,
  refused = 2,  // nothing was tried
  failed = 3,   // it was tried
};

// Trace to off; the numbers of config::LogLevel.
inline constexpr std::uint32_t kLogLevels = 7;

}  // namespace prefork::ipc
