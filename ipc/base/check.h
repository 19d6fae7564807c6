// A broken invariant aborts in every build type: a pre-fork worker is cheap to replace, a worker
// that goes on with a state nobody thought of is not. For errors of the outside world (network,
// files, peers) use values instead.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace prefork::ipc {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "prefork-server: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace prefork::ipc

#define PREFORK_CHECK(condition)                                    \
  do {                                                              \
    if (!(condition)) [[unlikely]] {                                \
      ::prefork::ipc::check_failed(#condition, __FILE__, __LINE__); \
    }                                                               \
  } while (false)
