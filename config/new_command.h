// `prefork-server new NAME [--kind KIND]`: instead of serving, make the folder of an application to
// begin with. Here is only what the command line says; the file system is not looked at.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "config/load.h"

namespace prefork::config {

// An interface with a test, a folder of files, and a stream of events.
inline constexpr std::array<std::string_view, 3> kProjectKinds = {"api", "site", "events"};

// Whether the command line is this command. A folder called `new` is served as `./new`.
bool is_new_command(std::span<const std::string> arguments);

// The arguments of that command. `Loaded::new_project` is the path of the folder without slashes at
// its end; its last part can be the name of a CMake target. `Loaded::new_kind` is one of
// kProjectKinds, or empty.
Loaded read_new_command(std::span<const std::string> arguments);

}  // namespace prefork::config
