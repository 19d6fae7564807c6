// The start of a master in a process that has one already: another program of it takes over, see
// Upgrade. Master only.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"
#include "config/values/exit_code.h"
#include "workers/child/child_mains.h"
#include "workers/master/resume_order.h"

namespace prefork::master {

// `--resume-check`: whether it could, on standard output or, with the reason, on standard error.
// Leaves everything as it is. Does not return.
[[noreturn]] void check_resumption(const ResumeOrder& order, const config::Loaded& loaded);

// `--resume`: becomes the master until it is told to stop; returns the exit code. Where it cannot
// take over the program before does, and this does not return; where that has failed before, the
// children end with this process. In a forked child it does not return.
config::ExitCode resume_master(const ResumeOrder& order, const config::Loaded& loaded,
                               std::vector<std::string> arguments, config::Environment environment,
                               child::ChildMains mains);

}  // namespace prefork::master
