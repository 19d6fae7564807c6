// Text as an application gets it: it lies where it lay, and lives as long.
#pragma once

#include <string_view>

#include "server/include/prefork/abi.h"

namespace prefork::native {

inline prefork_text to_text(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace prefork::native
