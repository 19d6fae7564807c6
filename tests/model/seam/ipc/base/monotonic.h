// Stands for ipc/base/monotonic.h where the code is explored: time passes when somebody sleeps to
// the end of it, and not otherwise.
#pragma once

#include <cstdint>
#include <limits>

#include "tests/model/explorer.h"

namespace prefork::ipc {

inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

inline std::uint64_t monotonic_ns() { return model::Explorer::now_ns(); }

}  // namespace prefork::ipc
