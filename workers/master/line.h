// A line of the log that the master wants written. A value.
#pragma once

#include <string>
#include <vector>

#include "config/options/options.h"

namespace prefork::master {

struct Line {
  config::LogLevel level = config::LogLevel::info;
  std::string text;

  bool operator==(const Line&) const = default;
};
using Lines = std::vector<Line>;

}  // namespace prefork::master
