// How the tests of what processes share wait: long enough for a machine that is busy with something
// else, and without being shown to anybody. Constants.
#pragma once

#include <cstdint>

#include "ipc/shared/wait_board.h"

namespace prefork::ipc::testing_ipc {

inline constexpr std::uint64_t kPatienceNs = 60'000'000'000;
inline constexpr WaitName kNobody;

}  // namespace prefork::ipc::testing_ipc
