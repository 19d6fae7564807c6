// What PATH leads to: `Options::target` from the text that was given. Looks at the file system,
// opens nothing.
#pragma once

#include "config/merge.h"

namespace prefork {

// Finds out whether the target is a folder or an application and makes its path absolute. Reports
// one that cannot be served, and options that mean nothing without a folder.
void resolve_target(Merged& merged);

}  // namespace prefork
