// The answer of `--print-config`: every option, its value and where it came from.
#pragma once

#include <string>

#include "config/sources/merge.h"

namespace prefork::config {

std::string print_config(const Merged& merged);

}  // namespace prefork::config
