// --chdir: the folder that the children work in, and that relative names of the configuration begin
// in (but for --config's own). Nobody goes there yet: the master stays where it was started, and
// finds --config and --chdir there again for a reload.
#pragma once

#include "config/sources/merge.h"

namespace prefork::config {

// Before anything looks at a path.
void resolve_starting_folder(Merged& merged);

}  // namespace prefork::config
