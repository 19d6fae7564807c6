// Finds the option that somebody probably meant by a name that does not exist.
#pragma once

#include <string_view>

#include "config/sources/setting.h"

namespace prefork::config {

// The option whose name is nearest to what was written in any spelling (`--wrokers`,
// `limit_bdy`, `LIMIT_BODY`), among those that this level may set. Null when none is near.
const OptionSpec* nearest_option(std::string_view written, Level level);

// Whether an option may be set there.
bool may_set(const OptionSpec& option, Level level);

}  // namespace prefork::config
