// Functions of an application that run on the pool without a request; see prefork_work in
// include/prefork/abi.h.
#pragma once

#include "server/include/prefork/abi.h"

namespace prefork::native {

// Fills in the functions of the interface that are about it.
void add_work_functions(prefork_api& api);

}  // namespace prefork::native
