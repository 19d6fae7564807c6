// A child that is not forked but started (--start-method spawn): the master's own program, told by
// an argument that it is to be a worker or the observer. It makes of its orders and of the
// descriptors it inherits what a forked one finds in its memory, and goes on as that does.
#pragma once

#include <span>
#include <string>

#include "workers/child/child_mains.h"

namespace prefork::child {

// `prefork-server --start-order N`: the orders are in descriptor N. For the master alone.
inline constexpr const char* kStartOrderArgument = "--start-order";

// Whether these arguments (without the program's name) are such ones, right or wrong.
bool are_start_order(std::span<const std::string> arguments);

// The whole life of the process; the exit code where it has none. Given by a person there are no
// orders, which is one line and ExitCode::configuration.
int run_spawned_child(std::span<const std::string> arguments, const ChildMains& mains);

}  // namespace prefork::child
