// How preforkctl ends when it could not do what it was asked to: an exit code and one line. The
// codes are told in config/control_commands.h.
#pragma once

#include <string>

#include "config/base/result.h"

namespace prefork::control {

enum class ControlExit : int { done = 0, refused = 1, usage = 2, no_server = 3, timed_out = 124 };

struct Failure {
  ControlExit exit = ControlExit::refused;
  std::string text;
  bool is_unanswered = false;  // the connection ended first
};

template <typename Value>
using Answer = config::Result<Value, Failure>;

}  // namespace prefork::control
