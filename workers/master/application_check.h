// `--check-config` with an application: it is loaded as a worker would, in a process that ends
// then, so that a file that is none, or one that crashes or hangs while it is loaded, is told
// before anything is started. Runs instead of the master.
#pragma once

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::master {

// Fine, too, when the options name no application. Waits as long as a worker may take to boot.
config::Result<void> check_application(const config::Options& options);

}  // namespace prefork::master
