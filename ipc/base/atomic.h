// The atomic words that processes and threads agree with: std::atomic. By this name, so that a test
// can compile the same code with words that stop before each access, and try every order of them
// (tests/model).
#pragma once

#include <atomic>

namespace prefork::ipc {

template <typename Value>
using Atomic = std::atomic<Value>;

}  // namespace prefork::ipc
