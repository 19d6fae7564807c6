// What operators set for an application, through the C interface. See include/prefork/abi.h.
#pragma once

#include "server/include/prefork/abi.h"

namespace prefork::native {

// Fills in the functions of the part "settings" of abi.h.
void add_setting_functions(prefork_api& api);

}  // namespace prefork::native
