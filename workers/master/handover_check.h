// Whether a handover makes sense: it comes from a program of another version. Master only.
#pragma once

#include <string>

#include "workers/master/handover.h"

namespace prefork::master {

// Why no master can have left this; empty: one can, and all its descriptors are open.
std::string fault_of(const Handover& handover);

}  // namespace prefork::master
