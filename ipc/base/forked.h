// Whether this process has forked: then another one may have copies of its descriptors, and a close
// here alone tells the other side nothing. Any thread; in a process that never forks it costs a
// load.
#pragma once

#include <atomic>

namespace prefork::ipc {

inline std::atomic<bool> has_forked{false};

}  // namespace prefork::ipc
