// Checks of values against each other and against the machine: what each value alone cannot tell.
#pragma once

#include "config/load_phase.h"
#include "config/merge.h"

namespace prefork {

// After resolve_listening(). Options that are bad by themselves are left out: they are told
// already.
void cross_check(Merged& merged, LoadPhase phase);

}  // namespace prefork
