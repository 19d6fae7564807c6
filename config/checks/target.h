// What PATH and --reload-dir lead to: `Options::target` and `Options::reload_dirs` from the texts
// that were given. Looks at the file system, opens nothing.
#pragma once

#include "config/sources/load_phase.h"
#include "config/sources/merge.h"

namespace prefork::config {

// Finds out whether the target is a folder or an application and makes its path absolute. Reports
// one that cannot be served, and options that mean nothing without a folder.
void resolve_target(Merged& merged);

// Makes the paths of --reload-dir absolute. Reports a --reload with nothing to watch, and folders
// that mean nothing without it or, at the start, are not there: later they may come back.
void resolve_reload(Merged& merged, LoadPhase phase);

}  // namespace prefork::config
