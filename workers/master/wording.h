// How the master's sentences say numbers. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

// "0.25 s": three digits, and all of those before the point.
std::string seconds(supervision::Duration duration);
// "1 worker", "2 workers"
std::string counted(std::size_t count, const char* what);
// "12 MiB", rounded down.
std::string mebibytes(std::uint64_t bytes);

}  // namespace prefork::master
