// --preload: the master loads the application before it forks, and the workers share by
// copy-on-write what that took. Master only, single-threaded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/native/native_application.h"

namespace prefork::master {

// Loads it into this process. Refuses one that has left threads behind: a fork copies only the one
// that calls it.
std::variant<std::shared_ptr<native::NativeApplication>, native::LoadProblem> preload(
    const std::string& path, prefork_app::Report report);

// Loads it in a child that ends then: an application that crashes, hangs or leaves threads behind
// must not take a serving master with it. Waits until `within` has passed or a signal that asks the
// (blocked) caller to stop is pending; nothing: it can be loaded.
std::optional<native::LoadProblem> rehearse_preload(const std::string& path,
                                                    std::chrono::milliseconds within);

}  // namespace prefork::master
