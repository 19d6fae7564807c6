// What preforkctl shows of the configuration: every option by its name in a file, and its value as
// text, several of a repeatable one, null where it is not set. Pure.
#pragma once

#include <string>

#include "config/options/options.h"

namespace prefork::observer {

std::string options_json(const config::Options& options);

}  // namespace prefork::observer
