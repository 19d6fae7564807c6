// --preload: the master loads the application before it forks, and the workers share by
// copy-on-write what that took. Master only, single-threaded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "config/base/result.h"
#include "config/options/options.h"
#include "server/native/native_application.h"

namespace prefork::master {

using SharedApplication = std::shared_ptr<native::NativeApplication>;

// With --preload loads the application into this process; without it, null. Refuses one that has
// left threads behind: a fork copies only the one that calls it.
config::Result<SharedApplication> load_application(const config::Options& options,
                                                   prefork_app::Report report);

// Loads it in a child that ends then: an application that crashes, hangs or leaves threads behind
// must not take a serving master with it. Waits until `within` has passed or a signal that asks the
// (blocked) caller to stop is pending; nothing: it can be loaded.
config::Result<void> rehearse_preload(const std::string& path, std::chrono::milliseconds within);

}  // namespace prefork::master
