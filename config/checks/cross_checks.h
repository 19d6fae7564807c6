// Checks of values against each other and against the machine: what each value alone cannot tell.
#pragma once

#include "config/sources/load_phase.h"
#include "config/sources/merge.h"

namespace prefork::config {

// After resolve_listening(). Options that are bad by themselves are left out: they are told
// already.
void cross_check(Merged& merged, LoadPhase phase);

}  // namespace prefork::config
