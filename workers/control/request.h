// What preforkctl was asked to do, read from its command line. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/control_commands.h"
#include "workers/control/failure.h"

namespace prefork::control {

struct Request {
  std::string command;
  std::uint32_t number = 0;  // of a slot, of workers, or of a log level
  std::string socket;        // empty: not given
  bool json = false;
  bool wait = false;
  bool once = false;
  std::optional<std::chrono::milliseconds> timeout;  // 0: for ever; none: as the command has it
  std::chrono::milliseconds interval{1'000};

  // Until when it is to be answered; none: for ever.
  [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;
};

// `arguments`: without the program's name. Help and version are commands here, "help" and
// "version".
Answer<Request> read_request(std::span<const std::string> arguments);

// Fit for a terminal of `width` columns: see config::help_width().
std::string control_help(std::size_t width);

}  // namespace prefork::control
