// The answer of `--print-config`: every option, its value and where it came from.
#pragma once

#include <string>

#include "config/merge.h"

namespace prefork {

std::string print_config(const Merged& merged);

}  // namespace prefork
