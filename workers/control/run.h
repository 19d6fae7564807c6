// preforkctl from its command line to its exit code: finds the server, asks it, shows the answer.
#pragma once

#include <span>
#include <string>

namespace prefork::control {

// The exit code.
int run_control(std::span<const std::string> arguments);

}  // namespace prefork::control
