// --admin-token: reads the token, in the master and before it forks, so that the file may be one
// that only the master's user can read.
#pragma once

#include <string>

#include "config/base/result.h"
#include "config/sources/merge.h"

namespace prefork::config {

// The first line of the file, without spaces around it: 16 to 256 visible characters of ASCII.
// The problem is one for people, and has nothing of the token in it.
Result<std::string> read_token(const std::string& path);

// Makes Options::admin.token, and refuses what has no effect.
void resolve_admin_token(Merged& merged);

}  // namespace prefork::config
