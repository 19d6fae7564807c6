// The start of the master: what can still fail with a line on standard error and an exit code of
// its own, before anything is forked.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"
#include "config/values/exit_code.h"
#include "workers/child/child_mains.h"

namespace prefork::master {

// Becomes the master until it is told to stop; returns the exit code. `arguments` and `environment`
// are read again for a reload. In a forked child it does not return.
config::ExitCode run_master(const config::Options& options, std::vector<std::string> arguments,
                            config::Environment environment, child::ChildMains mains);

}  // namespace prefork::master
