// How the workers are made: `Options::processes.start_method` where nobody has said it, and what it
// does not go together with.
#pragma once

#include "config/sources/merge.h"

namespace prefork::config {

void resolve_start_method(Merged& merged);

}  // namespace prefork::config
